#!/usr/bin/env bash
# ruff, snakefmt and snakemake --lint over the project. The lint reads the rules with a small set of sheets.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
ruff check .
ruff format --check .
snakefmt --check Snakefile workflow/rules
