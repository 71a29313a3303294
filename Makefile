# make demo   installs what it needs from the package index and opens the app on bundled data
# make test   installs what it needs and runs every check
# make help   lists the rest

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check
export PIP_NO_INPUT = 1
# retry a package index that fails now and then
PIP_RETRIES ?= 8
PIP_DEFAULT_TIMEOUT ?= 30
export PIP_RETRIES PIP_DEFAULT_TIMEOUT
# container images like to switch compiled modules off; compiling all tests again takes long
export PYTHONDONTWRITEBYTECODE =

.DEFAULT_GOAL := help
.PHONY: help demo check dev console test lint engine prepare browser programs published fuzz bench web screenshots standins clean

help: ## show this list
	@awk -F':.*## ' '/^[a-z]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# an interrupted attempt may have left a Python without pip: start over
MAKE_VENV = $(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV) || \
	{ echo "Could not create $(VENV). On Debian and Ubuntu: apt install python3-venv" >&2; rm -rf $(VENV); exit 2; }
NOT_SET_UP = { echo "Installation failed. Check the network and the package index (pip config list), then run make again: it resumes here" >&2; exit 2; }

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "rr-explorer needs Python 3.11 or later: make PYTHON=python3.12 …" >&2; exit 2; }
	@$(MAKE_VENV)

$(VENV)/.installed: pyproject.toml | $(VENV)/bin/python
	@echo "Installing into $(VENV) …" >&2
	@$(MAKE_VENV)
	@$(PIP) install --quiet --editable . || $(NOT_SET_UP)
	@touch $@

$(VENV)/.installed-test: pyproject.toml | $(VENV)/bin/python
	@echo "Installing into $(VENV), test tools included …" >&2
	@$(MAKE_VENV)
	@$(PIP) install --quiet --editable '.[test]' || $(NOT_SET_UP)
	@touch $(VENV)/.installed $@

demo: $(VENV)/.installed ## open the app on bundled releases and stand-in binaries (plain text without a terminal)
	@$(BIN)/rr-explorer --demo

lint: $(VENV)/.installed-test ## ruff, mypy --strict and the import laws
	$(BIN)/ruff check explorer tests
	$(BIN)/ruff format --check explorer tests
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint ## lint, types, laws, the tests that need nothing but Python
	@$(BIN)/pytest -q -n 3 --dist worksteal -m "not tools and not alone" --hypothesis-profile=quick

dev: $(VENV)/.installed-test ## open the demo with Textual's developer tools; its log goes to make console
	@TEXTUAL=devtools,debug $(BIN)/rr-explorer --demo

console: $(VENV)/.installed-test ## Textual's console, for a second terminal beside make dev
	@$(BIN)/textual console

engine: $(VENV)/.installed-test ## find a container engine, or install and start one (as root on Debian)
	@$(BIN)/python -m tests.support.engine

prepare: engine ## build the tests' programs, fetch published ones by package name, find a browser and a desktop
	@$(MAKE) --no-print-directory -j 3 browser programs published

browser programs published: $(VENV)/.installed-test
browser:
	@$(BIN)/python -m tests.support.browser
	@$(BIN)/python -m tests.support.desktop
programs:
	@$(BIN)/python -m tests.support.binaries >/dev/null
published:
	@$(BIN)/python -m tests.support.corpus

test: lint prepare ## everything: lint, types, laws, and all tests, with a real server and a real engine
	@status=0; \
	$(BIN)/pytest -n 2 --dist loadgroup -m "not alone" --cov --cov-report=term:skip-covered || \
	{ echo "Once more, by themselves: the tests that failed beside others" >&2; \
	$(BIN)/pytest --last-failed --last-failed-no-failures none -m "not alone"; } || status=$$?; \
	$(BIN)/pytest -m alone || status=$$?; \
	exit $$status

fuzz: $(VENV)/.installed-test ## a million fuzzed inputs for every parser (INPUTS=N for another number)
	@$(PIP) install --quiet --editable '.[fuzz]' && $(BIN)/python -m tests.fuzz --inputs $(or $(INPUTS),1000000)

bench: $(VENV)/.installed-test ## measure first paint, keys, downloads, peeks, audits and proofs beside other tools
	@$(BIN)/python -m tests.bench

web: $(VENV)/.installed ## the demo in a web browser, on this machine only: http://127.0.0.1:8000
	@$(PIP) install --quiet --editable '.[web]' && $(BIN)/python -m explorer.tui.web

screenshots: $(VENV)/.installed-test ## draw the README's pictures from the running app
	@$(BIN)/python -m tests.screenshots

standins: $(VENV)/.installed-test ## rebuild the demo's stand-in binaries from tests/standins
	@$(BIN)/python tests/build_standins.py

clean: ## remove what was built here
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage
