# `make run` to try it, `make test` to test it, `make` for the rest.

PYTHON ?= python3
HOST ?= localhost
PORT ?= 8000
WHO ?= alice

VENV := .venv
BIN := $(VENV)/bin
RUNTIME := $(VENV)/runtime.stamp
DEV := $(VENV)/dev.stamp
PEERS := .venv-peers/peers.stamp
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes

.DEFAULT_GOAL := help
.PHONY: help run code test test-rest test-next test-all mutants check lint format types migrations deploy-check pictures bench bench-scale load doctor lock clean
.SILENT:

help:  ## list these targets
	grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F'\t' '{ printf "make %-12s %s\n", $$1, $$2 }'

# ---------------------------------------------------------------- what gets installed, and once

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		|| { echo 'This needs Python 3.11 or newer: make run PYTHON=/path/to/it'; exit 1; }
	$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null && $(PYTHON) -m venv $(VENV) \
		|| { rm -rf $(VENV); echo "Python's venv module is missing: install python3-venv (apt-get install python3-venv)."; exit 1; }

$(RUNTIME): requirements.txt | $(BIN)/python
	echo 'Installing what it needs (once) ...'
	$(PIP) -r requirements.txt
	touch $@

# The development lock holds the runtime lock, hence both stamps.
$(DEV): requirements-dev.txt | $(BIN)/python
	echo 'Installing what the tests need (once) ...'
	$(PIP) -r requirements-dev.txt
	touch $(RUNTIME) $@

# The sites that the benchmark compares us with; what they need contradicts what we need.
$(PEERS): benchmarks/peers/requirements.txt | $(BIN)/python
	echo 'Installing the sites that the benchmark compares with (once) ...'
	rm -rf .venv-peers
	$(BIN)/python -m venv .venv-peers
	.venv-peers/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r $<
	touch $@

# ---------------------------------------------------------------- running

run: $(RUNTIME)  ## serve it with demo data; HOST and PORT are honoured
	exec env DEBUG=1 SITE_URL="$${SITE_URL:-http://$(HOST):$(PORT)}" \
		$(BIN)/python manage.py run_demo --host "$(HOST)" --port "$(PORT)"

code: $(RUNTIME)  ## print a code for alice of the demo; for somebody else: make code WHO=root
	DEBUG=1 $(BIN)/python manage.py demo_code "$(WHO)"

# ---------------------------------------------------------------- testing

# `make test ARGS="-k backup"` hands ARGS to pytest; tests/support/runs.py says what runs on which database.
test: $(DEV)  ## the tests on PostgreSQL, and on SQLite what depends on the database
	$(BIN)/python -m tests.support.machine
	$(BIN)/python -m tests.support.runs test $(ARGS)

# Its environment is .venv-next; tests/support/newest.py tells what is in it.
test-next: $(DEV)  ## all tests but the long ones, on the newest Django that the package index has
	$(BIN)/python -m tests.support.machine
	TEST_DATABASE=postgresql $(BIN)/python -m tests.support.newest $(ARGS)

test-rest: $(DEV)  ## what `make test` leaves out: long ones, and on SQLite all that a database can change
	$(BIN)/python -m tests.support.machine all
	$(BIN)/python -m tests.support.runs rest $(ARGS)

test-all: test test-rest test-next  ## every test, on both databases where they can differ, and on the newest Django

# `make mutants ARGS="R4 I3 -j 1"`; docs/security.md has the figures.
mutants: $(DEV)  ## break each promise of docs/security.md on purpose, and see that a test of its row notices
	$(BIN)/python -m tests.support.machine
	$(BIN)/python -m tests.support.mutants $(ARGS)

check: lint types migrations deploy-check test-all  ## everything that must be green before a change lands

lint: $(DEV)  ## format, style, templates, locks
	$(BIN)/ruff format --check --quiet . || { echo 'Not formatted: make format'; exit 1; }
	$(BIN)/ruff check --quiet .
	$(BIN)/djlint --lint --quiet templates
	! grep -n '://' requirements.txt requirements-dev.txt benchmarks/peers/requirements.txt

types: $(DEV)  ## mypy, strict
	DEBUG=1 $(BIN)/mypy

migrations: $(DEV)  ## no model without its migration
	DEBUG=1 $(BIN)/python manage.py makemigrations --check --dry-run

# Settings as a production would have them; the keys are made up on the spot.
deploy-check: $(DEV)  ## Django's deployment checks with production settings
	key() { $(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(64))'; }; \
	env -u DEBUG SECRET_KEY="$$(key)" ENCRYPTION_KEYS="$$(key)" \
		ALLOWED_HOSTS=auth.example.com SITE_URL=https://auth.example.com \
		TRUSTED_PROXIES=127.0.0.1 DEFAULT_FROM_EMAIL=auth@example.com SUPPORT_EMAIL=help@example.com SECURITY_CONTACT=security@example.com \
		EMAIL_URL=smtp://localhost:25 DATABASE_URL=postgres://localhost/tfc_auth \
		TWILIO_ACCOUNT_SID=AC0 TWILIO_AUTH_TOKEN=token TWILIO_FROM=+15005550006 \
		$(BIN)/python manage.py check --deploy --fail-level WARNING

# ---------------------------------------------------------------- upkeep

format: $(DEV)  ## format and tidy the Python code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

pictures: $(DEV)  ## make the pictures of README and guide anew, and test-results/pages/index.html of every page
	$(BIN)/python -m tests.support.machine
	$(BIN)/python -m tests.support.pictures
	$(BIN)/python -m tests.support.contact_sheet $(ARGS)

# `make bench ARGS="--rounds 3"` hands ARGS to it; benchmarks/README.md tells more.
bench: $(DEV)  ## measure what it costs, against a bare site and two others; writes benchmarks/results.md
	$(BIN)/python -m tests.support.machine
	$(MAKE) --no-print-directory $(PEERS) || rm -rf .venv-peers
	$(BIN)/python -m benchmarks $(ARGS)

# `make bench-scale ARGS="--sizes 1000 100000"`; it takes a quarter of an hour, and needs pg_stat_statements.
bench-scale: $(DEV)  ## measure what grows, up to a million people; writes benchmarks/results-scale.md
	$(BIN)/python -m tests.support.machine
	$(BIN)/python -m benchmarks.scale $(ARGS)

# `make load ARGS="--seconds 10 --only use"`; it fails if anything was answered that should not have been.
load: $(DEV)  ## have two hundred people use the site at once; writes benchmarks/results-load.md
	$(BIN)/python -m tests.support.machine
	$(BIN)/python -m benchmarks.load $(ARGS)

doctor: $(RUNTIME)  ## check the data of the demo against the invariants
	DEBUG=1 $(BIN)/python manage.py doctor

COMPILE := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url
lock:  ## compile the locks from pyproject.toml (needs uv; UPGRADE=1 takes newer versions)
	command -v uv >/dev/null || { echo 'This needs uv: pip install uv'; exit 1; }
	$(COMPILE) $(if $(UPGRADE),--upgrade) pyproject.toml -o requirements.txt
	$(COMPILE) $(if $(UPGRADE),--upgrade) pyproject.toml --group dev -c requirements.txt -o requirements-dev.txt
	sed -nE '/phonenumber/!s/^([a-z0-9._-]+==[^ ;]+).*/\1/p' requirements-dev.txt >$(VENV)/versions.txt
	$(COMPILE) --no-annotate $(if $(UPGRADE),--upgrade) benchmarks/peers/requirements.in -c $(VENV)/versions.txt \
		-o benchmarks/peers/requirements.txt
	! grep -n '://' requirements.txt requirements-dev.txt benchmarks/peers/requirements.txt

clean:  ## remove everything that was installed or made here, demo data too
	rm -rf $(VENV) .venv-next .venv-peers var .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage .coverage.* htmlcov test-results
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
