# Every target makes what it needs; bare `make` lists them.

VENV := .venv
PY := $(VENV)/bin/python
JOBS ?= 2
ARGS ?=
IMAGE ?= target-oracle
CHECKED := target_oracle tests bin/demo setup.py
BUILT_FROM := pyproject.toml setup.py constraints.txt $(wildcard target_oracle/*.c target_oracle/native/*.h)

.DEFAULT_GOAL := help

.PHONY: help
help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(VENV)/.stamp-dev: $(BUILT_FROM)
	@bin/setup $(VENV) dev

$(VENV)/.stamp-docs: $(BUILT_FROM)
	@bin/setup $(VENV) docs

.PHONY: setup
setup: $(VENV)/.stamp-dev  ## make .venv with the program and what its tests need

.PHONY: ecosystem
ecosystem:  ## make the environments of Meltano, of taps and of dbt, for the tests that run them
	@bin/ecosystem

.PHONY: demo
demo: setup  ## load a real stream into a database and show the tables
	@$(PY) bin/demo

.PHONY: test
test: setup  ## run every test this machine can run, with coverage; say what could not run
	@bin/ecosystem || echo "the tests with Meltano and the like cannot run here: bin/ecosystem failed"
	@$(PY) -m pytest -n $(JOBS) --dist worksteal --cov --cov-report=term-missing:skip-covered $(ARGS)

.PHONY: test-unit
test-unit: setup  ## run the tests that need neither server nor network
	@$(PY) -m pytest tests/unit $(ARGS)

.PHONY: test-oracle
test-oracle: setup  ## run the end-to-end tests on a real Oracle (TARGET_ORACLE_TEST_DSN, or Docker)
	@$(PY) -m pytest tests/e2e --oracle $(ARGS)

.PHONY: test-all
test-all:  ## run the tests on each of Python 3.10 to 3.13 that the machine has
	@JOBS=$(JOBS) bin/test-all $(ARGS)

.PHONY: soak
soak: setup  ## run the long tests: hundreds of kills, millions of rows
	@$(PY) -m pytest -m soak -n $(JOBS) --dist worksteal $(ARGS)

.PHONY: format
format: setup  ## write the code the way the formatter wants it
	@$(PY) -m ruff format $(CHECKED)

.PHONY: lint
lint: setup  ## check rules and format of the code
	@$(PY) -m ruff check $(CHECKED)
	@$(PY) -m ruff format --check $(CHECKED)

.PHONY: types
types: setup  ## check the types of the program and of the tests' own tools
	@$(PY) -m mypy

.PHONY: security
security: setup  ## look for dangerous code in the program
	@$(PY) -m bandit --quiet --configfile pyproject.toml --recursive target_oracle

.PHONY: sanitize
sanitize: setup  ## run the tests of the compiled decoder under the sanitizers of gcc
	@bin/sanitize $(ARGS)

.PHONY: bench
bench: setup  ## measure CPU, memory and round trips a record (ARGS=--others: what else there is)
	@$(PY) -m tests.bench $(ARGS)

.PHONY: profile
profile: setup  ## draw where the time goes (flame graph)
	@$(PY) -m tests.bench --profile build/profile.svg $(ARGS)

.PHONY: build
build: setup  ## build wheel and sdist into dist/
	@rm -rf dist
	@$(PY) -m build --outdir dist

.PHONY: zipapp
zipapp: setup  ## build the program and all it needs into one file, dist/target-oracle.pyz
	@bin/zipapp

.PHONY: test-wheel
test-wheel: build  ## install the wheel elsewhere and load a stream with it
	@bin/test-wheel

.PHONY: docs
docs: $(VENV)/.stamp-docs  ## build the documentation into site/
	@NO_MKDOCS_2_WARNING=1 $(PY) -m mkdocs build --quiet --strict

.PHONY: image
image:  ## build the container image
	@docker build --target run --tag $(IMAGE) .

.PHONY: oracle-start oracle-stop oracle-status oracle-logs oracle-shell
oracle-start:  ## start an Oracle Free container for development
	@bin/oracle start
oracle-stop:  ## stop and remove it
	@bin/oracle stop
oracle-status:  ## say whether it runs, and its address
	@bin/oracle status
oracle-logs:  ## show its log
	@bin/oracle logs
oracle-shell:  ## open SQL*Plus in it
	@bin/oracle shell

.PHONY: ci
ci:  ## all that is checked before a change lands
	@.ci/run

.PHONY: clean
clean:  ## remove what these targets made
	@rm -rf build dist site htmlcov .venv .venv-3.* .venv-dbt .venv-meltano .venv-postgres .venv-tap *.egg-info .coverage .coverage.*
	@rm -rf .mypy_cache .pytest_cache .ruff_cache .hypothesis
	@rm -f target_oracle/*.so
	@find target_oracle tests -name __pycache__ -type d -prune -exec rm -rf {} +
