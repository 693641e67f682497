# Targets, as `make help` prints them:
#
# make run        create the environment and start the app, with everything
# make serve      create a small environment without TensorFlow and start the app; Compare explanations is missing
# make test       lint and run the tests that need nothing but the project
# make quick      run the quick tests: no TensorFlow, no browser, no child process
# make full       lint and run all tests; browser, nginx, dcmtk and data set are tested if they are installed
# make soak       corrupt files in 51,000 new ways
# make coverage   run the tests of `make test` and report which lines of model/ they cover
# make lint       check style (ruff), imports between packages (import-linter) and types (mypy)
# make format     format the code (ruff)
# make typecheck  check types (mypy)
# make bench      measure speed and memory, and write benchmarks/RESULTS.md; use an otherwise idle computer
# make mutants    make small changes to the admission check and the decision rules, and count those that tests detect
# make audit      list licences and known vulnerabilities of the dependencies, and write sbom.json (asks PyPI)
# make messages   extract the texts to translate into model/locale/messages.pot
# make pins       resolve requirements*.in again

PYTHON ?= $(shell for name in python3 python3.13 python3.12 python3.11; do \
	$$name -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && echo $$name && break; done)
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r
PYTEST := $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-annotate --generate-hashes \
	--custom-compile-command "make pins (uv pip compile --universal --generate-hashes)"

.PHONY: help run serve test quick full soak coverage lint style format typecheck bench mutants audit messages pins
.DELETE_ON_ERROR:

help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile

run: $(VENV)/.run
	$(BIN)/streamlit run serve.py

serve: $(VENV)/.serve
	$(BIN)/streamlit run serve.py

# In a new clone, mypy needs one core for half a minute. It runs at the same time as the tests and answers after them.
test: style
	@$(BIN)/mypy >$(VENV)/types.txt 2>&1 & types=$$!; $(PYTEST) -m "not full and not soak"; tests=$$?; \
		wait $$types; types=$$?; cat $(VENV)/types.txt; [ $$tests = 0 ] && [ $$types = 0 ]

quick: $(VENV)/.test
	$(PYTEST) -m "not slow and not full and not soak"

full: lint
	$(PYTEST) -m "not soak"

soak: $(VENV)/.test
	$(PYTEST) -s -m soak

coverage: $(VENV)/.test
	$(PYTEST) -m "not full and not soak" --cov=model --cov-branch --cov-report=term:skip-covered

lint: style typecheck

style: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache --no-logo importlinter.toml

format: $(VENV)/.test
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

typecheck: $(VENV)/.test
	$(BIN)/mypy

bench: $(VENV)/.test
	$(BIN)/python -m benchmarks

mutants: $(VENV)/.test
	$(BIN)/python -m tools.mutants

audit: $(VENV)/.test
	$(BIN)/pip-licenses --from=mixed --with-urls --packages $$(sed -n 's/^\([[:alnum:]._-]*\)==.*/\1/p' requirements.txt | sort -u)
	$(BIN)/cyclonedx-py requirements --output-reproducible -o sbom.json requirements.txt
	$(BIN)/pip-audit --no-deps --disable-pip -r requirements.txt

messages: $(VENV)/.test
	mkdir -p model/locale
	$(BIN)/pybabel extract --no-wrap --sort-by-file --omit-header -o model/locale/messages.pot \
		app.py pages ui model dataset training/release/statements.py

pins: $(VENV)/.test
	$(COMPILE) --upgrade requirements-dev.in -o requirements-dev.txt
	$(COMPILE) -c requirements-dev.txt requirements-serve.in -o requirements-serve.txt
	$(COMPILE) -c requirements-dev.txt requirements.in -o requirements.txt
	$(COMPILE) -c requirements-dev.txt requirements-train.in -o requirements-train.txt

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed (TensorFlow has no build for others)." \
		"Install one, or pass its path: make run PYTHON=/path/to/python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)

# Each set of packages contains the one before.
$(VENV)/.serve: requirements-serve.txt | $(VENV)/bin/python
	$(INSTALL) requirements-serve.txt
	@touch $@

$(VENV)/.run: requirements.txt | $(VENV)/bin/python
	$(INSTALL) requirements.txt
	@touch $@ $(VENV)/.serve

$(VENV)/.test: requirements-dev.txt | $(VENV)/bin/python
	$(INSTALL) requirements-dev.txt
	@touch $@ $(VENV)/.run $(VENV)/.serve
