# Burnish. `make` lists what there is. Needs Python 3.11 or newer and make; the rest is fetched from PyPI, once.

SHELL := /bin/sh
.DEFAULT_GOAL := help
unexport PYTHONDONTWRITEBYTECODE

PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3.14 python3 python; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
BOOT  := .venv-boot/bin/uv
STAMP := .venv/.synced
BIN   := .venv/bin
WORKERS ?= 2
QUIET := $(if $(CI),--no-progress,)

export UV_PYTHON_DOWNLOADS := never
export UV_PROJECT_ENVIRONMENT := .venv

.PHONY: help install up down logs test lint types snapshots bench-sandbox bench-gateway bench-pipeline bench-webhooks bench-stats chaos fuzz

help: ## list what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-14s %s\n", $$1, $$2 }'

install: $(STAMP) ## fetch what is missing; nothing when all is there

up: $(STAMP) ## start everything in the background, drive the whole loop once, and show where it is
	@$(BIN)/burnish up --detach $(ARGS)

down: ## stop everything; the data stays
	@if [ -x $(BIN)/burnish ]; then $(BIN)/burnish down $(ARGS); else echo "Nothing is installed here."; fi

logs: $(STAMP) ## show the logs of all processes until Ctrl-C
	@$(BIN)/burnish logs --follow $(ARGS)

test: $(STAMP) ## run all tests on real servers
	$(BIN)/pytest -m "not chaos" -n $(WORKERS) --dist loadfile $(ARGS)

lint: $(STAMP) ## check style, formatting and who imports whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/deptry .

types: $(STAMP) ## check types
	$(BIN)/mypy

snapshots: $(STAMP) ## write the generated reference (docs/reference) anew
	$(BIN)/python -m tests.snapshots $(ARGS)

bench-stats: $(STAMP) ## what the detectors find, how late, and how often falsely
	$(BIN)/python -m benchmarks.stats $(ARGS)

bench-sandbox: $(STAMP) ## Milliseconds per warm call of evaluators, expressions and code
	$(BIN)/python -m benchmarks.sandbox

bench-gateway: $(STAMP) ## CPU milliseconds per request, beside a direct call to the same model
	$(BIN)/python -m benchmarks.gateway $(ARGS)

bench-pipeline: $(STAMP) ## events a second from JetStream into rollups, beside plain COPY
	$(BIN)/python -m benchmarks.pipeline $(ARGS)

bench-webhooks: $(STAMP) ## deliveries beside endpoints that hang and fail, a drain, a kill
	$(BIN)/python -m benchmarks.webhooks $(ARGS)

chaos: $(STAMP) ## kill each process in turn under load and audit the books
	$(BIN)/pytest -m chaos $(ARGS)

FUZZ_S ?= 600
fuzz: $(STAMP) ## ask the whole API nonsense for ten minutes (FUZZ_S seconds, BURNISH_FUZZ_SEED)
	BURNISH_FUZZ_S=$(FUZZ_S) $(BIN)/pytest tests/fuzz -s $(ARGS)

$(BOOT):
	@[ -n "$(PYTHON)" ] || { echo "Burnish needs Python 3.11 or newer; set PYTHON=/path/to/python if it has another name." >&2; exit 1; }
	@echo "Fetching uv, which installs the rest ($$($(PYTHON) --version)) …"
	@$(PYTHON) -m venv .venv-boot
	@.venv-boot/bin/python -m pip install --quiet --disable-pip-version-check 'uv>=0.13,<0.14'

$(STAMP): pyproject.toml uv.lock | $(BOOT)
	@echo "Installing what uv.lock names into .venv (about 15 s the first time) …"
	@$(BOOT) sync --locked --no-build --compile-bytecode --python $(PYTHON) $(QUIET)
	@touch $@
	@echo "Installed."
