"""Score of a mutation run, from the result files of mutmut."""

import json
import tomllib

import pytest

from tests.support.browser import ROOT
from tools.mutants import killed_share, read_results, score_line, survivors

KILLED, SURVIVED, TIMED_OUT, UNCHECKED = 1, 0, 36, None


def test_mutant_is_killed_if_a_test_fails_or_times_out():
    exit_codes = {"a": KILLED, "b": SURVIVED, "c": TIMED_OUT, "d": KILLED}
    assert survivors(exit_codes) == ["b"]
    assert killed_share(exit_codes) == pytest.approx(3 / 4)


def test_unchecked_mutant_counts_as_survivor():
    assert survivors({"a": KILLED, "b": UNCHECKED}) == ["b"]


def test_score_of_a_module_is_one_line():
    line = score_line("model/x.py", {"a": KILLED, "b": SURVIVED, "c": KILLED})
    assert line.split() == ["model/x.py", "2", "of", "3", "mutants", "killed", "(66.7%)"]


def test_results_omit_modules_without_mutants(tmp_path):
    for name, exit_codes in {"gate": {"x_a__mutmut_1": KILLED}, "empty": {}}.items():
        file = tmp_path / "mutants" / "model" / f"{name}.py.meta"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({"exit_code_by_key": exit_codes}))
    assert read_results(tmp_path) == {"model/gate.py": {"x_a__mutmut_1": KILLED}}


def test_all_configured_paths_exist():
    configuration = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mutmut"]
    tests = configuration["pytest_add_cli_args_test_selection"]
    paths = [*configuration["only_mutate"], *configuration["also_copy"], *(t.removeprefix("--ignore=") for t in tests)]
    assert [path for path in paths if not (ROOT / path).exists()] == []
