# The two commands of the README: `make demo` and `make test`. Both set themselves up in .venv.

PYTHON ?= python3
BIN := .venv/bin
AGENT ?= stand-in
# One worker more than there are processors: many tests wait for a clock, a disk or a process.
PYTEST_ARGS ?= -n $(shell getconf _NPROCESSORS_ONLN | awk '{ print $$1 + 1 }')

.PHONY: help demo test check pytest bench lock clean

help:
	@echo 'make demo               the main job, end to end, with a stand-in for the agent'
	@echo 'make demo AGENT=claude  the same with the real claude on PATH'
	@echo 'make test               everything that is checked: format, lint, types, imports, tests'
	@echo 'make bench              the benchmarks, each against a peer or a floor'
	@echo 'make lock               pin the newest dependencies anew, with hashes'
	@echo 'make clean              remove what the others made'

demo: .venv/run.stamp
	@AGENT=$(AGENT) BIN=$(abspath $(BIN)) contrib/demo.sh

test: check pytest

check: .venv/dev.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/mypy --platform darwin --package scheduler_daemon
	$(BIN)/lint-imports

pytest: .venv/dev.stamp
	$(BIN)/pytest $(PYTEST_ARGS)

bench: .venv/dev.stamp
	$(BIN)/python -m tests.benchmarks

.venv/python.stamp:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "ccsched needs Python 3.11 or newer, and $(PYTHON) is $$($(PYTHON) -V 2>&1); say: make PYTHON=python3.13"; exit 1; }
	$(PYTHON) -m venv .venv
	@touch $@

.venv/run.stamp: .venv/python.stamp pyproject.toml requirements/run.txt requirements/build.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.txt -r requirements/build.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.venv/dev.stamp: .venv/run.stamp requirements/dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

# uv resolves for all supported Pythons and systems at once, which pip cannot.
PIN = $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
  --no-emit-index-url --no-emit-find-links --no-annotate --no-header

lock: .venv/python.stamp
	$(BIN)/pip install --quiet --disable-pip-version-check uv
	$(PIN) pyproject.toml --output-file requirements/run.txt
	$(PIN) --group build --constraint requirements/run.txt --output-file requirements/build.txt
	$(PIN) --group dev --constraint requirements/run.txt --constraint requirements/build.txt --output-file requirements/dev.txt

clean:
	rm -rf .venv .cache dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
