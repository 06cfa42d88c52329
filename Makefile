# Two commands do everything: `make demo` shows Comb at work, `make test` proves it. Both set up .venv first.

RUN := .venv/bin/python -m
TRIAL_SECONDS ?= 600

.DEFAULT_GOAL := help
.PHONY: help setup demo test servers quick lint docs prove lock

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "make %-7s %s\n", $$1, $$2}' Makefile

setup: ## Install everything into .venv (half a minute once; then nothing, in milliseconds)
	@sh .ci/setup

demo: setup ## Take examples/frame-moderation through every stage there is (three or four minutes)
	@$(RUN) comb_compiler demo

# Servers that are missing are built at low priority beside the tests; those of a cluster come last, and wait for them.
# Much of a test is waiting, so two processes run them: tests/support/parts.py says what goes together. What
# takes the longest is listed in the end.
test: setup ## Run every test, real tools and servers included (minutes; the first run builds Kubernetes)
	@echo 'make test: every test, with the real tools that are here (minutes; the first run fetches and builds some)'
	@$(RUN) tests.servers & trap "kill $$! 2>/dev/null" EXIT; $(RUN) pytest -n 2 --max-worker-restart=0 --durations=25

servers: setup ## Build the servers that tests start, from Go modules (20 minutes on two idle cores, once; then nothing)
	@$(RUN) tests.servers

# What fails first when something is wrong: each finding where it belongs, the layers, the plan, the SDK.
QUICK := tests/golden/test_cases.py::test_the_findings_are_those_that_the_case_states tests/architecture/test_layers.py \
	tests/cluster/test_schemas.py tests/compiler tests/release tests/runtime/test_sdk.py \
	tests/workspace/test_checkout.py tests/workspace/test_protos.py

quick: setup ## Lint, and run the most telling tests up to the first failure (seconds)
	@$(RUN) ruff check
	@$(RUN) pytest -q -x --hypothesis-profile=quick -m 'not prove and not tool and not slow' $(QUICK)

lint: setup ## Run ruff, mypy and the import contracts (half a minute)
	@sh .ci/lint

docs: setup ## Write the documentation as a site, into build/docs (half a minute)
	@$(RUN) sphinx -q -W --keep-going -c docs . build/docs && echo 'make docs: open build/docs/index.html'

prove: setup ## Run the long trials for TRIAL_SECONDS each (600) and record what they saw
	@echo 'make prove: each trial goes on for $(TRIAL_SECONDS) s; results go to tests/prove/results'
	@$(RUN) pytest -m prove -s --record --trial-seconds=$(TRIAL_SECONDS) --hypothesis-profile=prove

lock: ## Move the pinned tools and libraries in .ci/constraints.txt to their newest versions
	@sh .ci/lock
