# Every target does its own set-up and may be run first. `make help` lists them.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(VENV)/.dev-ready ## virtual environment with everything for development

$(VENV)/.ready: requirements.txt scripts/setup.sh
	@scripts/setup.sh $(PYTHON) $(VENV) requirements.txt
	@touch $@

$(VENV)/.dev-ready: requirements-dev.txt $(VENV)/.ready
	@scripts/setup.sh $(PYTHON) $(VENV) requirements-dev.txt
	@touch $@

check: $(VENV)/.dev-ready ## format check, lint, types, import laws, template lint
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/djlint --lint --quiet templates

format: $(VENV)/.dev-ready ## put the code into its standard form
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

.PHONY: help setup check format
