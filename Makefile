# Two commands do everything: `make up` and `make test`. `make` alone lists the rest.
PYTHON ?= python3
RUN = .venv/bin/python
BOOT = @$(PYTHON) devtools/bootstrap.py
export PYTHONPATH = layers/pitboss
export PYTHONDONTWRITEBYTECODE =

.PHONY: help up down demo certify test check unit bench build lock openapi logs clean

help:
	@echo "make up      the local stack: installs, builds, starts, deploys, seeds, prints what to call (PORT=, AUTH=true)"
	@echo "make demo    a tournament and a casino's integration through the public API (ROUNDS=file.jsonl[.gz] plays your own rounds, SECONDS= how fast)"
	@echo "make certify 95 wallet cases against the hub (transfer and seamless) and against the demo operator's wallet (ONLY=14-19)"
	@echo "make down    stop what make up started"
	@echo "make test    everything that must hold, from nothing"
	@echo "make check   style, types, imports, template: no tests"
	@echo "make unit    the tests that need no stack"
	@echo "make bench   what it costs, as tables and in bench/results"
	@echo "make build   artefacts for sam deploy (docs/deploy.md)"
	@echo "make lock    choose and pin new versions of everything"
	@echo "make logs    what the functions of the local stack say"

up:
	$(BOOT) dev emulator
	@$(RUN) -m devtools.up

down:
	@if [ -x $(RUN) ]; then $(RUN) -m devtools.down; else echo "nothing is running"; fi

demo:
	$(BOOT) dev
	@$(RUN) -m $(if $(ROUNDS),devtools.demo_feed "$(ROUNDS)" $(if $(SECONDS),--seconds $(SECONDS)),devtools.demo)

certify:
	$(BOOT) dev
	@$(RUN) -m devtools.certify $(if $(ONLY),--only "$(ONLY)")

test:
	$(BOOT) dev emulator sam
	@$(RUN) -m devtools.test

check:
	$(BOOT) dev sam
	@$(RUN) -m devtools.check

unit:
	$(BOOT) dev
	@$(RUN) -m pytest -q -n 2 -m "unit or property or simulation or moto or template"

bench:
	$(BOOT) dev emulator
	@$(RUN) -m bench

build:
	$(BOOT) dev sam
	@$(RUN) -m devtools.build

lock:
	$(BOOT) dev
	@sh devtools/lock.sh

logs:
	$(BOOT) dev
	@$(RUN) -m devtools.logs

clean: down
	rm -rf .local .venv .aws-sam
