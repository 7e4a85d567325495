# Two commands on a fresh machine: `make run` and `make test`. Each does its own set-up.
.PHONY: run test suite alone check prove mutate roles environment browser help
.DEFAULT_GOAL := help

PYTHON ?= python3
BIN := .venv/bin
SERVICES := $(BIN)/python -m config.lib.services
WORKERS ?= 3
TESTS ?=
# These copy whole databases and move the connections to them: one after the other.
ALONE := tests/reports/test_proof.py tests/reports/test_visibility_cases.py \
	tests/reports/test_independent_count.py tests/agencies/test_seal.py \
	tests/cases/test_same_moment.py tests/meetings/test_once.py \
	tests/meetings/test_cancelling_at_once.py tests/reports/test_cost.py \
	tests/reports/test_world.py tests/attacks/test_versions.py \
	tests/reports/test_simulated_year.py

help:
	@echo 'make run    見本データつきで動かす（PORT=8000, KASANE_HOME=./.kasane）'
	@echo 'make test   変更のたびの検査と試験'
	@echo 'make prove  時間のかかる証明'
	@echo 'make mutate 閲覧の規則をひとつずつ壊し、試験が気づくかを確かめる（MUTANTS="--sample 40"）'

run: environment
	@exec $(SERVICES) --with-parent run

# Migrations run once, through the same command as in a city; each worker's database is a copy.
SUITE = $(BIN)/python manage.py makemigrations --check --dry-run; \
	$(BIN)/python manage.py migrate --database owner --verbosity 0; \
	export KASANE_TEST_TEMPLATE=kasane; \
	$(BIN)/python -m pytest -n $(WORKERS) --ignore=tests/prove $(ALONE:%=--ignore=%) $(TESTS)

test: environment browser check
	@exec $(SERVICES) --with-parent with -- sh -ec '$(SUITE); \
	  exec $(BIN)/python -m pytest -p no:randomly $(ALONE)'

# The same without what runs alone: CI runs that on Debian's servers.
suite: environment browser check
	@exec $(SERVICES) --with-parent with -- sh -ec '$(SUITE)'

alone:
	@echo $(ALONE)

check: environment
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	find templates -name '*.html' -exec $(BIN)/djade --check --target-version 5.2 {} +
	$(BIN)/mypy .
	$(BIN)/lint-imports

prove: environment
	@exec $(SERVICES) --with-parent with -- sh -ec '\
	  $(BIN)/python -m pytest -n $(WORKERS) tests/prove; \
	  $(BIN)/python manage.py migrate --database owner --verbosity 0; \
	  $(BIN)/python manage.py verify_access --pairs 20000'

# Most of it is the first run, which learns which tests come to which place; it goes on where it
# stopped (MUTANTS="--only policy:", "--sample 40", "--tests tests/plans").
mutate: environment
	@exec $(SERVICES) --with-parent with -- sh -ec '\
	  $(BIN)/python manage.py migrate --database owner --verbosity 0; \
	  $(BIN)/python scripts/mutate_gate.py $(MUTANTS)'

roles: environment
	@exec $(SERVICES) roles

environment:
	@$(PYTHON) scripts/environment.py

browser:
	@$(PYTHON) scripts/environment.py --browser
