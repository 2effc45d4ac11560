# `make demo`: listen to a call.   `make test`: run everything fast.   `make check`: lint, types, layering.
# Windows: build-and-test.ps1 -Task demo|test|accept|run|check|measure|memory|three|acks

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
ARGS   ?=

# For two cores: tests that hold calls wait more than they work, but more workers would be in the way of what they time.
WORKERS ?= 4
PYTEST  := $(BIN)/python -m pytest
# A file's tests share what they start, so a file stays with a worker; slow ones come first (tests/conftest.py).
PARALLEL = -n $(WORKERS) --dist loadfile --no-loadscope-reorder

.PHONY: help demo run test deep chaos bench stages overload soak check lint types tidy format docs clean accept measure memory three acks
.DEFAULT_GOAL := help

help:
	@echo 'make demo      place one call against local stand-ins of the vendors, and listen to it'
	@echo 'make run       start the engine with .env'
	@echo 'make test      run the tests (ARGS="-k name" for some of them)'
	@echo 'make deep      ten times as many random calls, requests and frames as the tests try, and new ones each time'
	@echo 'make chaos     let everything fail that can, and see what callers hear of it (ARGS="--only deepgram")'
	@echo 'make bench     how many calls one core holds, and how well: six minutes (ARGS="--calls 100 --seconds 20")'
	@echo 'make stages    what each stage of the media path costs'
	@echo 'make overload  twice the calls that the engine carries, and how it bears them'
	@echo 'make soak      ten minutes of fifty calls, and whether anything grows (ARGS="--minutes 60 --calls 100")'
	@echo 'make check     ruff (lint), mypy --strict (types), and the rules of tests/test_tidy.py (tidy)'
	@echo 'make accept    the tests of docs/validation-checklist.md alone'
	@echo 'make measure   fill in its blanks: latency, accuracy, success (a real account: ARGS="--env-file .env --to +57...")'
	@echo 'make memory    ten minutes of calls, and the memory they take (ARGS="--minutes 1")'
	@echo 'make three     three calls at once'
	@echo 'make acks      how fast webhooks are acknowledged while twenty calls talk'
	@echo 'make format    let ruff put the code in order'
	@echo 'make docs      write .env.example and docs/configuration.md'
	@echo 'make clean     remove what the others made'

demo: $(VENV)/.has-standins
	$(BIN)/python -m telnyx_actors.demo $(ARGS)

run: $(VENV)/.has-engine
	$(BIN)/python run.py $(ARGS)

# Dozens of processes import the engine: it is compiled once, even where the environment says not to keep what was compiled.
test deep accept: export PYTHONDONTWRITEBYTECODE =

test: $(VENV)/.has-test
	$(PYTEST) $(PARALLEL) $(ARGS)

deep: export DEPTH = 10
deep: $(VENV)/.has-test
	$(PYTEST) $(PARALLEL) tests/property tests/acceptance/test_fuzz_the_port.py $(ARGS)

accept: $(VENV)/.has-test
	$(PYTEST) $(PARALLEL) tests/acceptance $(ARGS)

measure memory three acks: $(VENV)/.has-test
	$(BIN)/python -m measure $@ $(ARGS)

chaos: $(VENV)/.has-test
	$(BIN)/python -m bench.chaos $(ARGS)

# The documentation's picture is made of the same figures as its table.
bench: $(VENV)/.has-test
	$(BIN)/python -m bench.load --plot docs/images/load.svg $(ARGS)

stages overload soak: $(VENV)/.has-test
	$(BIN)/python -m bench.$@ $(ARGS)

check: lint types tidy

lint: $(VENV)/.has-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.has-dev
	$(BIN)/mypy

tidy: $(VENV)/.has-dev
	$(PYTEST) -q tests/test_tidy.py

format: $(VENV)/.has-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(VENV)/.has-engine
	$(BIN)/python -m telnyx_actors.config.docs

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache
	find telnyx_actors tests -name __pycache__ -type d -prune -exec rm -rf {} +

# --- the environment -----------------------------------------------------------
# One environment; a stamp for each set of packages, made anew when what they are made of changes.

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo 'Python 3.11 or newer is needed; try: make $(MAKECMDGOALS) PYTHON=python3.12' >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.has-engine: extras =
$(VENV)/.has-standins: extras = [standins]
$(VENV)/.has-test: extras = [test]
$(VENV)/.has-dev: extras = [dev]

$(VENV)/.has-%: setup.cfg pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.$(extras)'
	@touch $@
