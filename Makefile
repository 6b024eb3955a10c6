# make demo   set up, boot the twin, deploy the whole city, verify it     (LIVE=1: refuse the simulated fallback)
# make test   set up, run every test, the live ones included
# make check  the static checks alone
# make bench  the side-by-side runs against peers, about an hour   (PARTS="probing state" ROUNDS=1 SLICE="site=dc")
# make soak   200 deployments that each meet a fault, on live slices side by side   (SEED=city COUNT=200 SLICES=5)
# make endurance   every exporter under bad input, faults and dead targets for five minutes   (SECONDS=300)
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup packages demo test check bench soak endurance clean

PYTHON ?= python3
BIN := .venv/bin
IC := $(BIN)/infra-ctl
# Debian packages of the twin: the routers' daemons, their way in, what breaks and measures links, and what builds and
# boots hosts; what asks routers' SNMP agents; the database that the journal's tests run on; what scrapes our exporters
# and what stands or is measured beside it; what video rooms are and register at; what looks through hosts; and what
# lays out reports, and what they are looked at with.
PACKAGES := frr frr-pythontools openssh-server openssh-client iproute2 iputils-ping nftables procps snmpd snmp \
  systemd-container mmdebstrap apt-utils python3-venv postgresql git fping prometheus prometheus-alertmanager \
  prometheus-blackbox-exporter prometheus-frr-exporter prometheus-node-exporter prometheus-snmp-exporter \
  kamailio kamailio-tls-modules baresip-core \
  openscap-scanner ssg-debian \
  libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-liberation chromium poppler-utils

help:
	@sed -n 's/^# make /make /p' $(MAKEFILE_LIST)

setup: packages .venv/ready

# Services stay down on the machine itself: policy-rc.d says so while the packages are installed.
packages:
	@missing=$$(for p in $(PACKAGES); do dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || echo $$p; done); \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$$(id -u)" != 0 ]; then echo "not root: cannot install" $$missing >&2; exit 0; fi; \
	policy=/usr/sbin/policy-rc.d; made=; \
	if [ ! -e $$policy ]; then printf '#!/bin/sh\nexit 101\n' > $$policy; chmod 755 $$policy; made=1; fi; \
	trap 'if [ -n "$$made" ]; then rm -f '$$policy'; fi' EXIT; \
	apt-get update -q; DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $$missing

.venv/ready: pyproject.toml constraints.txt
	@echo "installing Python packages into .venv: a minute or so"
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install -q -c constraints.txt -e '.[dev,bench,postgresql]' 2> >(grep -v DEPRECATION >&2)
	@touch $@
	@echo "infra-ctl is $(BIN)/infra-ctl: export PATH=\$$PWD/$(BIN):\$$PATH"

demo: setup
	@LIVE=$(LIVE) $(BIN)/python -m infra_ctl.lab.demo

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy -p infra_ctl -p napalm_frr -p exporters
	$(BIN)/lint-imports
	PATH=$(CURDIR)/$(BIN):$$PATH $(BIN)/ansible-lint -q playbooks

# Live tests wait a lot, for timers and routes: a worker a core halves the time. What shares a lab stays with one
# worker, and the longest start first (tests/conftest.py).
test: check
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadscope --no-loadscope-reorder

bench: setup
	$(BIN)/python -m benchmarks $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(SLICE),--slice "$(SLICE)") $(PARTS)

soak: SEED ?= city
soak: COUNT ?= 200
soak: SLICES ?= 5
soak: setup
	$(BIN)/python -m tests.lab.soak --seed $(SEED) --count $(COUNT) --slices $(SLICES)

endurance: SECONDS ?= 300
endurance: setup
	$(BIN)/python -m tests.lab.endurance --seconds $(SECONDS)

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis
