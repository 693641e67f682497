"""Mutation test of the admission check and the decision rules: the share of small code changes that tests detect.

mutmut (configured in pyproject.toml) creates the mutants and runs the tests in a temporary copy of the repository. It
mutates functions and methods, but not constants, properties or cached properties.

python -m tools.mutants    # exit status 1 if the share is below MIN_KILLED
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
MIN_KILLED = 0.85  # share of all mutants
NOT_COPIED = {"data", "runs"}  # large folders at the root that the selected tests do not read
DETECTED = {1, 3, 24, -24, 36, 152, 255}  # exit codes in the results of mutmut: a test failed or timed out
ENVIRONMENT = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1"}


def main() -> int:
    """Print the surviving mutants and the score of each module.

    Returns:
        Exit status: 1 if the killed share of all mutants is below MIN_KILLED, else 0.
    """
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        shutil.copytree(ROOT, copy, ignore=_ignored)
        subprocess.run([sys.executable, "-m", "mutmut", "run"], cwd=copy, env=os.environ | ENVIRONMENT, check=True)
        results = read_results(copy)
        for exit_codes in results.values():
            for mutant in survivors(exit_codes):
                print(_diff(copy, mutant))
    for module, exit_codes in results.items():
        print(score_line(module, exit_codes))
    every_mutant = {mutant: code for exit_codes in results.values() for mutant, code in exit_codes.items()}
    print(score_line("all modules", every_mutant))
    return int(killed_share(every_mutant) < MIN_KILLED)


def read_results(copy: Path) -> dict[str, dict[str, int | None]]:
    """Return the exit codes of the tests by module and mutant, from the files that mutmut wrote."""
    results = {}
    for file in sorted((copy / "mutants").rglob("*.py.meta")):
        module = file.relative_to(copy / "mutants").with_suffix("")
        results[str(module)] = json.loads(file.read_text())["exit_code_by_key"]
    return {module: exit_codes for module, exit_codes in results.items() if exit_codes}


def survivors(exit_codes: dict[str, int | None]) -> list[str]:
    """Return the mutants that no test detected."""
    return [mutant for mutant, exit_code in exit_codes.items() if exit_code not in DETECTED]


def killed_share(exit_codes: dict[str, int | None]) -> float:
    """Return the share of mutants that a test detected, 0-1."""
    return 1 - len(survivors(exit_codes)) / len(exit_codes)


def score_line(name: str, exit_codes: dict[str, int | None]) -> str:
    """Return the number of killed mutants as a line of text."""
    killed = len(exit_codes) - len(survivors(exit_codes))
    return f"{name:32}{killed:4} of {len(exit_codes):4} mutants killed ({killed_share(exit_codes):.1%})"


def _ignored(folder: str, names: list[str]) -> set[str]:
    """Return the names in a folder that are not copied."""
    large = NOT_COPIED if Path(folder) == ROOT else set()
    return {name for name in names if name.startswith(".") or name == "__pycache__" or name in large}


def _diff(copy: Path, mutant: str) -> str:
    """Return the diff of a mutant."""
    command = [sys.executable, "-m", "mutmut", "show", mutant]
    return subprocess.run(command, cwd=copy, capture_output=True, text=True, check=True).stdout  # noqa: S603


if __name__ == "__main__":
    sys.exit(main())
