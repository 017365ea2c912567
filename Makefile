# Every target does its own set-up and may be run first. `make help` lists them.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
WORDS := $(patsubst %.po,%.mo,$(wildcard webmail/locale/*/LC_MESSAGES/messages.po))

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

setup: $(VENV)/.dev-ready ## virtual environment with everything for development

$(VENV)/.ready: requirements.txt scripts/setup.sh
	@scripts/setup.sh $(PYTHON) $(VENV) requirements.txt
	@touch $@

$(VENV)/.dev-ready: requirements-dev.txt $(VENV)/.ready
	@scripts/setup.sh $(PYTHON) $(VENV) requirements-dev.txt
	@touch $@

run: $(VENV)/.ready $(WORDS) ## try it: sample mail, an embedded mail server, no settings (PORT=8000)
	@exec $(BIN)/python -m webmail.cli demo --port $(PORT)

serve: $(VENV)/.ready $(WORDS) ## the webmail for real use; settings from WEBMAIL_* or webmail.toml
	@exec $(BIN)/python -m webmail.cli serve

worker: $(VENV)/.ready ## the worker alone, for WEBMAIL_WORKER=external
	@exec $(BIN)/flask --app app worker

doctor: $(VENV)/.ready ## look at settings, mail servers and databases, and say what is wrong
	@exec $(BIN)/python -m webmail.cli.doctor

test: $(VENV)/.dev-ready $(WORDS) ## the whole test suite; installs the Debian packages it needs (TESTS=tests/demo for a part)
	@tests/servers/packages.sh
	$(BIN)/python -m pytest -n 2 --dist worksteal --durations 15 $(TESTS)

test-postgresql: $(VENV)/.dev-ready $(WORDS) ## the same tests with every store in PostgreSQL (TESTS=tests/mail for a part)
	@tests/servers/packages.sh
	TEST_DATABASE=postgresql $(BIN)/python -m pytest -n 2 --dist worksteal --durations 15 $(TESTS)

truth: $(VENV)/.dev-ready $(WORDS) ## a minute of other clients at work for each kind of server: every list must equal the server's truth
	@tests/servers/packages.sh
	TRUTH_SECONDS=60 $(BIN)/python -m pytest -n 2 --dist worksteal -rP --timeout 600 tests/mail/test_truth.py

faults: $(VENV)/.dev-ready $(WORDS) ## every fault of SMTP, APPEND, worker, database and clock while a message goes out, twenty times each; prints the table
	@tests/servers/packages.sh
	FAULT_RUNS=20 $(BIN)/python -m pytest -rP --timeout 900 --show-capture=stdout tests/mail/test_promise.py

monsters: $(VENV)/.dev-ready $(WORDS) ## messages of 50 MB headers, 10,000 parts, a million recipients: each page under 2 s and 200 MB
	@tests/servers/packages.sh
	MONSTERS=full $(BIN)/python -m pytest -n 1 -rP --timeout 900 tests/mail/test_monsters.py
mutations: $(VENV)/.dev-ready $(WORDS) ## thousands of real messages damaged at random: each read in one way and in time (MUTATION_SEED=1 for others)
	@tests/servers/packages.sh
	MUTATIONS=$${MUTATIONS:-5000} $(BIN)/python -m pytest -n 0 -rP --timeout 3600 tests/mail/test_mutations.py
walls: $(VENV)/.dev-ready $(WORDS) ## every payload of the corpus against each of the two walls alone, in a real browser with a real pointer
	@tests/servers/packages.sh
	WALLS=all $(BIN)/python -m pytest -n 2 --dist worksteal --timeout 1800 tests/browser/test_walls.py
fidelity: $(VENV)/.dev-ready ## how messages look here beside how they came: a table and pictures in var/fidelity (needs WEBMAIL_CORPUS)
	@$(BIN)/python -m tests.browser.fidelity

crosscheck: $(VENV)/.dev-ready ## what two independent parsers make of the corpora beside what we do; needs npm and WEBMAIL_CORPUS
	@tests/servers/packages.sh
	@cd tests/crosscheck && npm ci --ignore-scripts --silent
	@$(BIN)/python -m tests.crosscheck

real-input: export REAL_INPUT_FOLDER := $(CURDIR)/var/real-input
real-input: $(VENV)/.dev-ready ## answer, forward and write anew every message of the corpora, and read it with an independent parser; needs npm
	@tests/servers/packages.sh
	@cd tests/crosscheck && npm ci --ignore-scripts --silent
	@rm -rf $(REAL_INPUT_FOLDER)
	REAL_INPUT=all FUZZED=1000 $(BIN)/python -m pytest -n 2 --timeout 1800 tests/mail/test_real_input.py tests/web/test_writing.py
	@$(BIN)/python -m tests.crosscheck.built

expected: $(VENV)/.dev-ready ## drafts of expected results for the oddest messages of the corpora, to be read; needs npm and WEBMAIL_CORPUS
	@cd tests/crosscheck && npm ci --ignore-scripts --silent
	@$(BIN)/python -m tests.crosscheck.expected

bench: $(VENV)/.dev-ready $(WORDS) ## measure; one JSON object a line, kept in benchmarks/results
	@$(BIN)/python -m benchmarks

assets: ## front-end assets from the lock file (none so far)
	@echo "webmail: nothing to build; the style sheet and the icons are in static/ as they are."

locale: $(WORDS) ## compile the translations

plan: $(VENV)/.dev-ready ## write the list of modules and the table of settings in docs/ anew
	@$(BIN)/python -m tests.test_docs
	@$(BIN)/python -m tests.cli.test_documents

clean: ## remove what was built, and the data of the demo; settings and real data stay
	@rm -rf $(VENV) var/demo var/demo-* var/demo.lock .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis $(WORDS)
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(WORDS): %.mo: %.po $(VENV)/.ready
	@$(BIN)/pybabel --quiet compile --input-file $< --output-file $@

check: $(VENV)/.dev-ready ## format check, lint, types, import laws, template lint
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/djlint --lint --quiet templates

format: $(VENV)/.dev-ready ## put the code into its standard form
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

.PHONY: help setup run serve worker doctor test test-postgresql truth faults monsters mutations walls fidelity crosscheck expected real-input bench assets locale plan clean check format
