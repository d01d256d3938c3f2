# The commands of README.md. make demo [SEED=1] [CORES=2], make test, make setup, make check CONFIG=my.yaml
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help fast setup demo demo-large lint test test-long test-slurm demo-slurm simulate faults check bench

SEED ?= 1
CORES ?= $(shell nproc)
READS ?= small
PAIRS ?= 5
CONFIG ?= config/config.yaml
DIRECTORY ?= .
export PATH := $(CURDIR)/.tools/bin:$(CURDIR)/.venv/bin:$(PATH)

help: ## these lines
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: ## install what the workflow needs (Debian packages, Python, GATK); nothing when it is there
	@setup/install.sh

demo: setup ## the whole workflow on the made-up demo cohort: SEED=1 CORES=all
	@setup/demo.sh $(SEED) $(CORES)

demo-large: setup ## the same on fourteen patients with every purity, clonal fraction and trap: SEED=1 CORES=all
	@setup/demo.sh $(SEED) $(CORES) large

check: setup ## the problems of sheets and config, all at once: CONFIG=my.yaml DIRECTORY=/my/run
	@./run --configfile $(abspath $(CONFIG)) --directory $(DIRECTORY) --cores 1 check

lint: setup ## ruff, snakefmt and snakemake --lint
	@setup/lint.sh

test: lint ## the checks, the unit tests, and the whole workflow end to end on the demo cohort
	@setup/test.sh
	@setup/demo.sh $(SEED) $(CORES)
	pytest -m end_to_end

fast: setup ## build bwa-mem4 (the same records as bwa in a third of the time) where Rust is found; then align: {aligner: bwa-mem4}
	@setup/fast.sh

test-long: setup ## what is longer than make test: many kills; writes docs/test-long.md
	@setup/test_long.sh

test-slurm: setup ## the tests on a real Slurm of this machine; as root, installs tests/slurm/debian-packages.txt
	@tests/slurm/install.sh
	pytest -m slurm tests/slurm

demo-slurm: setup ## the demo cohort through a real Slurm of this machine (root, an hour): SEED=1
	@tests/slurm/install.sh
	@tests/slurm/demo.sh $(SEED)

simulate: setup ## simulated cohorts with known effects: docs/simulation.tsv (cells that stand are kept)
	@python tests/simulation/simulate.py

faults: setup ## one-line faults in a copy of the project: each must turn its test red; docs/tests-tested.md
	@python tests/faults/run.py $(FAULTS)

bench: setup ## speed and scale against the usual tools: READS=small (tiny, full) PAIRS=5; results/bench/bench.tsv
	-@tests/install_debian.sh tests/bench/debian-packages.txt "FastQC, a usual step beside ours,"
	@python tests/bench/bench.py --reads $(READS) --pairs $(PAIRS)
