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

.PHONY: help install up down logs test test-local-model lint types snapshots docs page try-page test-page test-page-parts test-page-browser screenshots pictures bench-page bench-sandbox bench-gateway bench-pipeline bench-registry bench-webhooks bench-stats bench-optimizer scaling scaling-units chaos chaos-more chaos-long soak fuzz

help: ## list what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-17s %s\n", $$1, $$2 }'

install: $(STAMP) try-page ## fetch what is missing; nothing when all is there

up: $(STAMP) try-page ## start everything in the background, drive the whole loop once, and show where it is
	@$(BIN)/burnish up --detach $(ARGS)

down: ## stop everything; the data stays
	@if [ -x $(BIN)/burnish ]; then $(BIN)/burnish down $(ARGS); else echo "Nothing is installed here."; fi

logs: $(STAMP) ## show the logs of all processes until Ctrl-C
	@$(BIN)/burnish logs --follow $(ARGS)

test: $(STAMP) try-page ## run all tests on real servers, of the page a smoke
	$(BIN)/pytest -m "not chaos and not page and not local_model" -n $(WORKERS) --dist loadfile $(ARGS)

test-local-model: $(STAMP) ## test with a model of your own: any OpenAI-compatible server that BURNISH_TEST_OPENAI_BASE_URL names
	@[ -n "$$BURNISH_TEST_OPENAI_BASE_URL" ] || { echo "Set BURNISH_TEST_OPENAI_BASE_URL, for example to http://127.0.0.1:11434/v1 of Ollama." >&2; exit 1; }
	$(BIN)/pytest -m local_model -s $(ARGS) tests/local_model

docs: $(STAMP) ## build the documentation site into .site, and fail at any warning; `.venv/bin/mkdocs serve` shows it
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

page: $(STAMP) ## build the web page (Node 20.19 or newer); a running gateway takes it at the next load
	@$(BIN)/python web/build.py --must

try-page: $(STAMP)
	@$(BIN)/python web/build.py

test-page: test-page-parts test-page-browser ## test the web page in Chromium on the real services, and its own parts

test-page-parts: $(STAMP) page ## test the parts of the web page by themselves
	@cd web && npm test --silent

test-page-browser: $(STAMP) page ## test the web page in Chromium on the real services
	env -u BURNISH_SKIPPED $(BIN)/pytest -m page -n $(WORKERS) --dist loadfile $(ARGS) tests/page

screenshots: $(STAMP) page ## make pictures of every page, in both themes and narrow, in .screenshots
	$(BIN)/pytest -m page -q $(ARGS) tests/page/screenshots.py

pictures: $(STAMP) page ## make the pictures of README and documentation anew, in docs/pictures
	$(BIN)/pytest -m page -q $(ARGS) tests/page/pictures.py

lint: $(STAMP) ## check style, formatting and who imports whom
	@if [ -d web/node_modules ]; then cd web && npm run --silent lint; fi
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/deptry .

types: $(STAMP) ## check types
	@if [ -d web/node_modules ]; then cd web && npm run --silent typecheck; fi
	$(BIN)/mypy

snapshots: $(STAMP) ## write the generated reference (docs/reference) anew
	$(BIN)/python -m tests.snapshots $(ARGS)
	@$(BIN)/python sdk/python/generate.py && $(BIN)/ruff format -q sdk/python/src/burnish_client/types.py
	@if [ -d web/node_modules ]; then cd web && npm run --silent gen; fi

bench-page: $(STAMP) page ## bytes, paint and blocking of the web page beside their budgets
	$(BIN)/python -m benchmarks.page $(ARGS)

bench-stats: $(STAMP) ## what the detectors find, how late, and how often falsely
	$(BIN)/python -m benchmarks.stats $(ARGS)

bench-optimizer: $(STAMP) ## evaluations to a better prompt in made-up worlds, gepa beside, and on real tickets
	$(BIN)/python -m benchmarks.optimizer $(ARGS)

scaling: $(STAMP) ## what 1, 1,000 and 100,000 calls a second need, from measured unit costs: docs/scaling.md
	$(BIN)/python -m benchmarks.scaling $(ARGS)

scaling-units: $(STAMP) ## measure what `make scaling` counts with, in a few minutes: benchmarks/results/units.md
	$(BIN)/python -m benchmarks.scaling.measure $(ARGS)

bench-sandbox: $(STAMP) ## Milliseconds per warm call of evaluators, expressions and code
	$(BIN)/python -m benchmarks.sandbox

bench-gateway: $(STAMP) ## CPU milliseconds per request, beside other gateways and a direct call to the same model
	$(BIN)/python -m benchmarks.gateway $(ARGS)

bench-pipeline: $(STAMP) ## events a second from JetStream into rollups, beside plain COPY
	$(BIN)/python -m benchmarks.pipeline $(ARGS)

bench-registry: $(STAMP) ## lists, searches and delivery with 10,000 prompts of 10 versions each
	$(BIN)/python -m benchmarks.registry $(ARGS)

bench-webhooks: $(STAMP) ## deliveries beside endpoints that hang and fail, a drain, a kill
	$(BIN)/python -m benchmarks.webhooks $(ARGS)

KILLS := tests/chaos/test_kill_each.py
chaos: $(STAMP) ## in three minutes: kill, freeze and restart processes under ten thousand calls (BURNISH_CHAOS_CALLS), drill backup and cluster, audit the books
	$(BIN)/pytest -m "chaos and not chaos_more and not chaos_long" -n $(WORKERS) --dist loadfile --ignore=$(KILLS) $(ARGS) tests/chaos tests/integration/operation
	@[ -n "$(ARGS)" ] || $(BIN)/pytest $(KILLS)

chaos-more: $(STAMP) ## what chaos has no time for: faults at random, two releases side by side, a pooler, a storm, deaths at every step
	$(BIN)/pytest -m "chaos_more and not chaos_long" $(ARGS) tests/chaos tests/integration

LONG_S ?= 3600
chaos-long: $(STAMP) ## chaos-more, the fault matrix, then faults by lot, for an hour (LONG_S seconds, BURNISH_CHAOS_SEED): docs/fault-report.md
	@[ -n "$(ARGS)" ] || $(MAKE) chaos-more
	BURNISH_CHAOS_LONG_S=$(LONG_S) BURNISH_FAULT_REPORT=$(CURDIR)/docs/fault-report.md $(BIN)/pytest -m chaos_long $(ARGS) tests/chaos

MINUTES ?= 60
soak: $(STAMP) ## an ordinary load for an hour (MINUTES), in which no process may grow: docs/soak-report.md
	BURNISH_SOAK_MINUTES=$(MINUTES) BURNISH_SOAK_REPORT=$(CURDIR)/docs/soak-report.md $(BIN)/pytest $(ARGS) tests/chaos/test_soak.py

FUZZ_S ?= 600
fuzz: $(STAMP) ## ask the whole API nonsense for ten minutes (FUZZ_S seconds, BURNISH_FUZZ_SEED)
	BURNISH_FUZZ_S=$(FUZZ_S) $(BIN)/pytest tests/fuzz -s $(ARGS)

$(BOOT):
	@[ -n "$(PYTHON)" ] || { echo "Burnish needs Python 3.11 or newer; set PYTHON=/path/to/python if it has another name." >&2; exit 1; }
	@echo "Fetching uv, which installs the rest ($$($(PYTHON) --version)) …"
	@$(PYTHON) -m venv .venv-boot
	@.venv-boot/bin/python -m pip install --quiet --disable-pip-version-check 'uv>=0.13,<0.14'

$(STAMP): pyproject.toml uv.lock | $(BOOT)
	@echo "Installing what uv.lock names into .venv (the first time several hundred MB are fetched, then 10 to 30 s go into unpacking and compiling) …"
	@rm -f .venv-boot/synced
	@{ $(BOOT) sync --locked --no-build --python $(PYTHON) $(QUIET) 2>&1 && touch .venv-boot/synced; } | \
		while IFS= read -r line || [ -n "$$line" ]; do case "$$line" in ' + '*|' - '*|' ~ '*) ;; *) printf '%s\n' "$$line" ;; esac; done
	@[ -e .venv-boot/synced ]
	@$(BIN)/python -m burnish.compiling
	@touch $@
	@echo "Installed."
