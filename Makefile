# The two commands of the README: `make demo` and `make test`. Both set themselves up in .venv.

PYTHON ?= python3
BIN := .venv/bin
AGENT ?= stand-in
# One worker more than there are processors: many tests wait for a clock, a disk or a process. Who has nothing left to do
# takes tests from the others: some of these take a thousand times as long as others.
PYTEST_ARGS ?= -n $(shell getconf _NPROCESSORS_ONLN | awk '{ print $$1 + 1 }') --dist worksteal

.PHONY: help demo test check pytest test-long test-boot bench lock man dist deb formula clean

help:
	@echo 'make demo               the main job, end to end, with a stand-in for the agent'
	@echo 'make demo AGENT=claude  the same with the real claude on PATH'
	@echo 'make test               everything that is checked: format, lint, types, imports, tests'
	@echo 'make test-long          a year of a thousand tasks, and more of what chance decides in make test'
	@echo 'make test-boot          whole machines that boot and are cut off, in containers; wants Linux and root'
	@echo 'make bench              the benchmarks, each against a peer or a floor'
	@echo 'make dist               the wheel, the sdist and their checksums, in dist/'
	@echo 'make deb                a package for the Debian that this is, in dist/'
	@echo 'make formula            the Homebrew formula of a release, in dist/; wants HOMEPAGE= and URL=, that of its sdist'
	@echo 'make man                the man pages, in dist/man/'
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
	$(BIN)/mypy packaging/man/pages.py packaging/homebrew/formula.py
	$(BIN)/lint-imports

pytest: .venv/dev.stamp
	$(BIN)/pytest $(PYTEST_ARGS) -m 'not long'

test-long: .venv/dev.stamp
	CCSCHED_KILLS=50 CCSCHED_OPERATIONS=10000 CCSCHED_CRASHES=50 CCSCHED_CRASHES_FROM=9 $(BIN)/pytest $(PYTEST_ARGS) \
	  tests/unit/engine/test_simulation.py::test_every_due_time_of_a_year_is_accounted_for \
	  tests/integration/daemon/test_kills.py tests/integration/daemon/test_files_under_fire.py \
	  tests/integration/crash/test_matrix.py::test_kills_at_random_steps

test-boot: .venv/dev.stamp dist/deb.stamp
	$(BIN)/python -m tests.boot

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

# The same bytes from the same commit: every file in what is built is as old as that.
dist deb: export SOURCE_DATE_EPOCH = $(shell git log -1 --format=%ct 2>/dev/null || echo 1580601600)

dist: .venv/run.stamp
	rm -f dist/*.whl dist/*.tar.gz dist/SHA256SUMS
	$(BIN)/hatchling build --directory dist
	cd dist && { sha256sum *.whl *.tar.gz 2>/dev/null || shasum -a 256 *.whl *.tar.gz; } > SHA256SUMS

deb: .venv/run.stamp
	BIN=$(abspath $(BIN)) packaging/deb/build.sh
	@touch dist/deb.stamp

# Made anew for the boot tests only where something of it has changed.
dist/deb.stamp: $(shell find scheduler_daemon packaging contrib requirements *.md pyproject.toml -type f ! -name '*.pyc')
	$(MAKE) deb

formula: dist
	@test -n '$(HOMEPAGE)' && test -n '$(URL)' || { \
	  echo 'say where: make formula HOMEPAGE=https://ccsched.example URL=https://ccsched.example/ccsched.tar.gz'; exit 2; }
	$(BIN)/pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-deps --format pylock.toml \
	  requirements/run.txt --output-file dist/pylock.toml
	$(BIN)/python packaging/homebrew/formula.py --homepage '$(HOMEPAGE)' --url '$(URL)' \
	  --sdist dist/*.tar.gz --lock dist/pylock.toml > dist/ccsched.rb

man: .venv/run.stamp
	$(BIN)/python packaging/man/pages.py dist/man

clean:
	rm -rf .venv .cache dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
