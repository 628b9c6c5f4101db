SHELL := /bin/sh
.DEFAULT_GOAL := help

SCENARIO ?= good
RECORD ?=
KILLS ?= 100
BODIES ?= 100000
BLOCK ?=
PUBLISHED ?=
SEED ?=
ROLLOUTS ?= 500
SEEDS ?= 10000
FROM ?= 1
WORKERS ?= 2
UPGRADE ?=
SWITCH ?=
ARGS ?=

PYTHON := .venv/bin/python

.PHONY: help setup demo test check bench sim fuzz soak model limits zero-downtime lock clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' Makefile

setup: ## Create .venv and node_modules from the lock files (does nothing when they are current)
	@tools/setup.sh

demo: setup ## Run a rollout on the sandbox: SCENARIO=good, RECORD=file to keep what happened
	@exec $(PYTHON) -m sandbox.demo --scenario $(SCENARIO) $(if $(RECORD),--record $(RECORD)) $(ARGS)

test: check ## Everything a change must pass: the checks, then all tests
	$(PYTHON) -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

check: setup ## Lint, format, types and the import rules
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports --no-logo

bench: setup ## Measure what the documents promise
	@exec $(PYTHON) -m tests.bench $(ARGS)

sim: setup ## Run rollouts under faults: SEEDS=10000 from FROM=1, or SEED=number to hear the story of one
	@exec $(PYTHON) -m tests.sim --workers $(WORKERS) \
		$(if $(SEED),--seed $(SEED),--seeds $(SEEDS) --from $(FROM)) $(ARGS)

soak: setup ## Kill the hosts of one rollout after another: KILLS=100, SEED=number to repeat its choices
	@exec $(PYTHON) -m tests.soak --kills $(KILLS) $(if $(SEED),--seed $(SEED)) $(ARGS)

fuzz: setup ## Send bad requests to every door: BODIES=100000, SEED=number for others, BLOCK=number to repeat one
	@exec $(PYTHON) -m tests.fuzz --bodies $(BODIES) $(if $(SEED),--seed $(SEED)) $(if $(BLOCK),--block $(BLOCK)) \
		$(if $(PUBLISHED),--published) $(ARGS)

model: setup ## Walk through every interleaving of three workers, and show what each planted bug does
	@exec $(PYTHON) -m tests.model

limits: setup ## Roll out an estate in virtual time, and hold what it asks against Azure's limits: ROLLOUTS=500
	@exec $(PYTHON) -m tests.limits --rollouts $(ROLLOUTS) $(if $(SEED),--seed $(SEED)) $(ARGS)

zero-downtime: setup ## Move every kind of switch under real traffic: SWITCH=kind to try one
	@exec $(PYTHON) -m tests.zero_downtime $(if $(SWITCH),--switch $(SWITCH)) $(ARGS)

lock: setup ## Write the lock files anew; UPGRADE=1 looks for newer versions
	@UPGRADE=$(UPGRADE) tools/lock.sh

clean: ## Remove everything that setup, the tests and the tools have made
	rm -rf .venv node_modules build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
