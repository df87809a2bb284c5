# `make setup PYTHON=python3.12` picks another interpreter.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
PIP_INSTALL := -m pip install --quiet --disable-pip-version-check

# Images of containers often forbid Python to keep what it has compiled. Here every actor is a process
# of its own: each would compile the same files anew, which takes longer than all else at its start.
unexport PYTHONDONTWRITEBYTECODE

# Fails with what to do about it, rather than with a traceback of pip or venv.
define CHECK_PYTHON
@$(PYTHON) -c '' || { \
	echo "make: no Python found as '$(PYTHON)'; name one: make setup PYTHON=python3.12" >&2; exit 1; }
@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	echo "make: bordergate needs Python 3.11 or newer, '$(PYTHON)' is" \
		"$$($(PYTHON) --version 2>&1); name another: make setup PYTHON=python3.12" >&2; exit 1; }
@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	echo "make: '$(PYTHON)' cannot make virtual environments;" \
		"on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
endef

.DEFAULT_GOAL := help
.PHONY: help setup run test check format constraints clean

help:  ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /  make \1|/p' $(MAKEFILE_LIST) | \
		while IFS='|' read -r target text; do printf '%-18s %s\n' "$$target" "$$text"; done

setup: $(INSTALLED)  ## install everything into .venv; does nothing when that is up to date

run: setup  ## start the demo gate, five times as fast as the clock
	$(BIN)/bordergate up demo --speed 5

# How tests are shared out between the workers stands in tests/conftest.py.
test: setup  ## run all tests on all cores; PYTEST_ARGS="-k booth" picks some
	$(BIN)/pytest --numprocesses logical --dist loadscope --no-loadscope-reorder $(PYTEST_ARGS)

check: setup  ## formatting, lint, types and import layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: setup  ## format the code and sort its imports
	$(BIN)/ruff check --select I --fix .
	$(BIN)/ruff format .

# Resolves all dependencies anew, in a venv of its own, and writes down what came out.
constraints:  ## renew constraints.txt with the latest releases
	$(CHECK_PYTHON)
	@set -e; fresh=$$(mktemp -d); trap 'rm -rf "$$fresh"' EXIT; \
	$(PYTHON) -m venv "$$fresh"; \
	"$$fresh/bin/python" $(PIP_INSTALL) '.[dev]'; \
	"$$fresh/bin/python" -m pip freeze --exclude bordergate > "$$fresh/constraints.txt"; \
	cp "$$fresh/constraints.txt" constraints.txt

clean:  ## remove all that these targets made
	rm -rf $(VENV) build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(INSTALLED): pyproject.toml constraints.txt
	$(CHECK_PYTHON)
	@echo "Installing into $(VENV); the first time takes a minute or two."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python $(PIP_INSTALL) -c constraints.txt -e '.[dev]'
	@touch $@
