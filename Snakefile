"""Genomic abnormalities of early and poor responders to IPd in multiple myeloma, from reads to report."""

import gc
import sys
from pathlib import Path

from snakemake.utils import min_version

min_version("9.21")

# The plan of a large cohort is a million objects that live to the end: looking through them less often saves a tenth.
gc.set_threshold(100_000, 50, 100)

PROJECT = Path(workflow.basedir)
sys.path.insert(0, str(PROJECT / "workflow/scripts"))

from myeloma import STAGES, settings
from myeloma.cohort import SheetErrors, load_cohort


configfile: str(PROJECT / "config/config.yaml")


# Everything the rules know comes from here: the checked config, the frozen cohort, what is switched on.
try:
    SETTINGS = settings.load(config, PROJECT, config_files=workflow.configfiles)
    MAIN = workflow.is_main_process
    COHORT = load_cohort(SETTINGS, check_files=MAIN, clinical=MAIN)
except SheetErrors as errors:
    sys.exit(str(errors))


wildcard_constraints:
    patient=r"[A-Za-z0-9][A-Za-z0-9_.-]*",
    sample=r"[A-Za-z0-9][A-Za-z0-9_.-]*",
    kit=r"[A-Za-z0-9][A-Za-z0-9_.-]*",


include: "workflow/rules/cohort.smk"
include: "workflow/rules/references.smk"
include: "workflow/rules/reads.smk"
include: "workflow/rules/alignments.smk"
include: "workflow/rules/expression.smk"
include: "workflow/rules/calls.smk"
include: "workflow/rules/abnormalities.smk"
include: "workflow/rules/response.smk"
include: "workflow/rules/safety.smk"
include: "workflow/rules/pharmacokinetics.smk"
include: "workflow/rules/comparison.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/export.smk"


rule all:
    default_target: True
    input:
        rules.calls.input,
        rules.report.input,
