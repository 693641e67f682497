"""Mutation run: make small changes to the admission check and the decision rules, and count those that tests notice.

mutmut (configured in pyproject.toml) makes the mutants and runs the tests in a temporary copy of the repository. It
changes functions and methods, not constants, properties or cached properties.

python -m tools.mutants    # status 1 below MIN_KILLED
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
MIN_KILLED = 0.85  # share of the mutants
NOT_COPIED = (".*", "__pycache__", "data", "runs", "mutants", "node_modules")
NOTICED = {1, 3, 24, -24, 36, 152, 255}  # exit codes of mutmut: tests failed, or ran past their time


def run_mutmut(copy: Path) -> dict[str, dict[str, int]]:
    """Run mutmut in a copy of the repository.

    Returns:
        For each module with mutants, the exit code of the tests by the name of the mutant.
    """
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*NOT_COPIED))
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    subprocess.run([sys.executable, "-m", "mutmut", "run"], cwd=copy, env=environment, check=True)
    results = {}
    for file in sorted((copy / "mutants").rglob("*.py.meta")):
        module = str(file.relative_to(copy / "mutants")).removesuffix(".meta")
        results[module] = json.loads(file.read_text())["exit_code_by_key"]
    return {module: exit_codes for module, exit_codes in results.items() if exit_codes}


def show_mutant(copy: Path, name: str) -> str:
    """Return the change that a mutant makes, as a diff."""
    command = [sys.executable, "-m", "mutmut", "show", name]
    return subprocess.run(command, cwd=copy, capture_output=True, text=True, check=True).stdout  # noqa: S603


def main() -> int:
    """Print the mutants that survive and the score of each module; return the exit status."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        results = run_mutmut(copy)
        for exit_codes in results.values():
            for name, exit_code in exit_codes.items():
                if exit_code not in NOTICED:
                    print(show_mutant(copy, name))
    for module, exit_codes in results.items():
        print(score_line(module, list(exit_codes.values())))
    exit_codes = [code for codes in results.values() for code in codes.values()]
    print(score_line("all modules", exit_codes))
    return int(killed_share(exit_codes) < MIN_KILLED)


def killed_share(exit_codes: list[int]) -> float:
    """Return the share of mutants that tests noticed, 0-1."""
    return sum(code in NOTICED for code in exit_codes) / len(exit_codes)


def score_line(module: str, exit_codes: list[int]) -> str:
    """Return how many mutants of a module were killed, as a line of text."""
    killed = sum(code in NOTICED for code in exit_codes)
    return f"{module:34}{killed:4} of {len(exit_codes):4} killed ({killed_share(exit_codes):.1%})"


if __name__ == "__main__":
    sys.exit(main())
