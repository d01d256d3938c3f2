"""Print how long the jobs that remain will take on the given cores, and how much memory and disk."""

import json
import tempfile
from pathlib import Path

from myeloma import cohort, estimates, settings
from myeloma.log import log_to

with log_to(snakemake.log[0]) as log:
    asked = snakemake.params
    seen = cohort.load_cohort(settings.load(snakemake.config, asked.project), check_files=False)
    costs = estimates.read_costs(asked.costs)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "config.json").write_text(json.dumps(snakemake.config), encoding="utf-8")
        plan = estimates.plan(Path(asked.project, "Snakefile"), Path(folder, "config.json"), asked.cores)
    sizes = estimates.gigabases(seen, costs.bases_per_byte)
    owner = {sample: seen.sample(sample).patient for sample in sizes}
    made = estimates.forecast(estimates.jobs_of(plan), costs, sizes, owner, asked.cores)
    said = estimates.text(made, sizes, asked.cores)
    log.info("%s", said)
    print(said, flush=True)
