# Two commands for everybody: `make demo` and `make test`. Each sets up what it needs: Python ≥ 3.11 with venv, make, a package index.
SHELL := /bin/bash
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do command -v $$p >/dev/null && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
BIN := .venv/bin
READY := .venv/.ready

.PHONY: help env demo test test-long lint bench lock clean

help: ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

env: $(READY) ## .venv with everything pinned, and the command `erkc` in it

$(READY): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Нужен Python 3.11 или новее (с модулем venv)." >&2; exit 2; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(READY)

demo: $(READY) ## the synthetic town's month, end to end
	@$(BIN)/erkc demo

# Faults and deaths by seed: in processes of their own, so that nothing another test leaves behind takes part in a schedule.
SCHEDULES := tests/simulation/test_federal_simulation.py

test: $(READY) lint ## all checks: style, types, imports, tests
	@$(BIN)/pytest -q -n 2 --dist worksteal -m "not long" --durations=15 tests --ignore=$(SCHEDULES)
	@$(BIN)/pytest -q -n 2 --dist worksteal -m "not long" $(SCHEDULES)

test-long: $(READY) ## what takes minutes: long simulations and kills, 50 000 random houses against the oracle
	@$(BIN)/pytest -q -m "long"
	@ERKC_ORACLE_HOUSES=$(or $(ERKC_ORACLE_HOUSES),50000) $(BIN)/pytest -q -n 2 -k agree tests/property/test_charges_oracle.py
	@$(BIN)/pytest -q -s -k histogram tests/property/test_charges_oracle.py

lint: $(READY)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache > .lint-imports.log || { cat .lint-imports.log; exit 1; }; rm -f .lint-imports.log

bench: $(READY) ## measured ratios (docs/performance.md)
	@$(BIN)/python -m tests.perf.bench

lock: ## make requirements.lock anew from pyproject.toml
	$(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --extra dev --strip-extras --no-emit-index-url --no-emit-find-links --no-emit-options --no-header --output-file requirements.lock pyproject.toml

clean: ## remove the environment and caches
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis
