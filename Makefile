# Everything a developer does here. Needs git, make and a Python >= 3.12 somewhere (or uv).
# `make help` lists the targets.

VENV := .venv
RUN := $(VENV)/bin/python
INSTALLED := $(VENV)/.installed

# `make test ARGS='-k webhook'`: more arguments for pytest
ARGS ?=

# An argument of `make serve`, when it was given: $(call option,--port,PORT). Only from make's own
# command line, since many environments export a HOST or PORT that means something else.
option = $(if $(filter command,$(firstword $(origin $(2)))),$(1) '$($(2))')

# The parts of the project that have Python in them.
CODE := $(foreach part,endpoints provider localserver packager tests benchmarks,$(if \
	$(wildcard $(part)/*.py),$(part))) $(wildcard main.py)

.DEFAULT_GOAL := help
.PHONY: help serve deliver test test-all screenshots lint format package bench venv clean \
	distclean FORCE

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

serve: $(INSTALLED) ## run the plugin without a Dify [PORT= HOST= CONFIG= PLUGIN= RUNTIME= PACE= CAPTURES= SERVICE_API_URL= SERVICE_API_KEY=]
	@$(RUN) -m localserver $(call option,--port,PORT) $(call option,--host,HOST) \
		$(call option,--config,CONFIG) $(call option,--plugin,PLUGIN) \
		$(call option,--runtime,RUNTIME) $(call option,--pace,PACE) \
		$(call option,--captures,CAPTURES) \
		$(call option,--service-api-url,SERVICE_API_URL) \
		$(call option,--service-api-key,SERVICE_API_KEY)

deliver: $(INSTALLED) ## play a sender of webhooks to `make serve` [SENDER= FILE= APP= OUTPUT= AGAIN= URL= CONFIG=]
	@$(RUN) -m localserver.senders '$(or $(SENDER),github)' $(call option,--file,FILE) \
		$(call option,--app,APP) $(call option,--output,OUTPUT) $(if $(AGAIN),--again) \
		$(call option,--url,URL) $(call option,--config,CONFIG)

test: $(INSTALLED) ## the quick tests, under three minutes [ARGS=]
	$(RUN) -m pytest -p no:anyio -m 'not long' $(ARGS)

test-all: $(INSTALLED) ## every test, under 25 minutes [ARGS=]
	$(RUN) -m pytest -p no:anyio $(ARGS)

screenshots: $(INSTALLED) ## make the pictures of the console page in _assets/ anew
	SCREENSHOTS=_assets $(RUN) -m pytest -p no:anyio -k test_screenshots

lint: $(INSTALLED) ## style, format, strict types, every YAML file
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy --strict $(CODE)
	$(RUN) -m packager.lint_yaml

format: $(INSTALLED) ## put the code into ruff's format
	$(RUN) -m ruff check --fix .
	$(RUN) -m ruff format .

package: $(INSTALLED) ## build and check dist/app_proxy-<version>.difypkg
	$(RUN) -m packager

bench: $(INSTALLED) ## measure latency and throughput [ARGS=]
	$(RUN) -m benchmarks $(ARGS)

venv: $(INSTALLED) ## make the virtual environment, which every target above does by itself

clean: ## remove what was built and cached
	rm -rf dist .pytest_cache .hypothesis .mypy_cache .ruff_cache
	find . -path './$(VENV)' -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean ## the same, and the virtual environment
	rm -rf $(VENV)

$(INSTALLED): requirements.txt requirements-dev.txt .ci/venv
	@.ci/venv $(VENV)
	@touch $@

# A virtual environment whose Python is gone is made anew, whatever its date.
ifneq ($(shell $(RUN) -c 'print("runs")' 2>/dev/null),runs)
$(INSTALLED): FORCE
endif
