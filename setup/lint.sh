#!/usr/bin/env bash
# ruff, snakefmt and snakemake --lint. The lint reads the rules with the sheets of a made-up cohort of empty files.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

ruff check .
ruff format --check .
snakefmt --check Snakefile workflow/rules

made_up=$(mktemp -d)
trap 'rm -rf "$made_up"' EXIT
PYTHONPATH=tests/workflow python -c 'import pathlib, sys, planning; planning.cohort(pathlib.Path(sys.argv[1]))' "$made_up/cohort"
snakemake --snakefile Snakefile --configfile "$made_up/cohort/config.yaml" --directory "$made_up/cohort" --lint
