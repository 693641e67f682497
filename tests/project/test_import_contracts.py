"""The import contracts (importlinter.toml) cover every package. `make lint` checks the contracts themselves."""

import tomllib

from tests.support.browser import ROOT


def test_every_package_with_python_code_is_checked():
    contracts = tomllib.loads((ROOT / "importlinter.toml").read_text())["tool"]["importlinter"]
    packages = {path.relative_to(ROOT).parts[0] for path in ROOT.glob("[!.]*/*.py")}
    assert sorted(contracts["root_packages"]) == sorted(packages)


def test_every_module_in_the_root_folder_has_banned_imports():
    rules = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]["lint"]
    (pattern,) = [files for files, ignored in rules["per-file-ignores"].items() if ignored == ["TID251"]]
    modules = {path.name for path in ROOT.glob("*.py")}
    assert pattern == "!{app,serve}.py"
    assert modules == {"app.py", "serve.py"}
