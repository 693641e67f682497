# make run    make the environment and start the app
# make test   make the environment, lint and run the tests
# make lint   check style (ruff), which package imports which (import-linter) and types (mypy)
# make bench  measure speed and memory, and write benchmarks/RESULTS.md; on a machine that does nothing else
# make fuzz   break files in 36,600 new ways, some minutes
# make mutants  change the admission check and the decision rules in 657 small ways, and count those that tests notice
# make audit  list the licences of what the program is built on, and its known holes (asks PyPI)
# make pins   resolve requirements*.in anew (with uv)

PYTHON ?= $(shell for name in python3 python3.13 python3.12 python3.11; do \
	$$name -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && echo $$name && break; done)
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test bench fuzz mutants audit lint pins
.DELETE_ON_ERROR:

run: $(VENV)/.run
	$(BIN)/streamlit run app.py

test: lint
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

fuzz: $(VENV)/.test
	FUZZ=12000 $(BIN)/python -m pytest -s tests/model/imaging/test_fuzz.py

mutants: $(VENV)/.test
	$(BIN)/python -m tools.mutants

audit: $(VENV)/.test
	$(BIN)/pip-licenses --from=mixed --with-urls --packages $$(sed -n 's/^\([[:alnum:]._-]*\)==.*/\1/p' requirements.txt | sort -u)
	$(BIN)/pip-audit --no-deps --disable-pip -r requirements.txt

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache --no-logo importlinter.toml
	$(BIN)/mypy

bench: $(VENV)/.test
	$(BIN)/python -m benchmarks

pins: $(VENV)/.test
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --upgrade --no-annotate \
		--custom-compile-command "make pins (uv pip compile --universal)" requirements.in -o requirements.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-annotate -c requirements.txt \
		--custom-compile-command "make pins (uv pip compile --universal)" requirements-dev.in -o requirements-dev.txt

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed (TensorFlow has no build for others)." \
		"Install one, or name it: make run PYTHON=/path/to/python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.test: requirements-dev.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@ $(VENV)/.run
