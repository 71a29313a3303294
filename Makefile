# make demo   sets itself up from the package index and opens the app on the bundled data
# make test   sets itself up and runs every check
# make help   lists the rest

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check
export PIP_NO_INPUT = 1

.DEFAULT_GOAL := help
.PHONY: help demo test lint engine prepare bench screenshots standins clean

help: ## show this list
	@awk -F':.*## ' '/^[a-z]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "rr-explorer needs Python 3.11 or later: make PYTHON=python3.12 …" >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV) || { echo "Making $(VENV) failed: on Debian and Ubuntu, apt install python3-venv" >&2; exit 2; }

$(VENV)/.installed: pyproject.toml | $(VENV)/bin/python
	@echo "Setting up in $(VENV) …" >&2
	@$(PIP) install --quiet --editable .
	@touch $@

$(VENV)/.installed-test: pyproject.toml | $(VENV)/bin/python
	@echo "Setting up in $(VENV), with what the tests need …" >&2
	@$(PIP) install --quiet --editable '.[test]'
	@touch $(VENV)/.installed $@

demo: $(VENV)/.installed ## open the app on the bundled releases and stand-in binaries (as text without a terminal)
	@$(BIN)/rr-explorer --demo

lint: $(VENV)/.installed-test ## ruff, mypy --strict and the import laws
	$(BIN)/ruff check explorer tests
	$(BIN)/ruff format --check explorer tests
	$(BIN)/mypy
	$(BIN)/lint-imports

engine: $(VENV)/.installed-test ## find a container engine, or install and start one (root on Debian only)
	@$(BIN)/python -m tests.support.engine

prepare: engine ## build the tests' programs, fetch published ones by package name, have a browser, once
	@$(BIN)/python -m tests.support.browser
	@$(BIN)/python -m tests.support.binaries >/dev/null
	@$(BIN)/python -m tests.support.corpus

test: lint prepare ## every check: lint, types, laws, tests with a real server and a real engine, coverage
	$(BIN)/pytest -n 2 --dist loadgroup --cov --cov-report=term:skip-covered

bench: $(VENV)/.installed-test ## first paint, download, peek and inspect figures beside other tools
	@$(BIN)/python -m tests.bench

screenshots: $(VENV)/.installed-test ## make the pictures of the README anew from the running app
	@$(BIN)/python -m tests.screenshots

standins: $(VENV)/.installed-test ## build the demo's stand-in binaries anew from tests/standins
	@$(BIN)/python tests/build_standins.py

clean: ## remove what was built here
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage
