#!/usr/bin/env bash
# demo.sh SEED: the demo cohort of that seed (made by `make demo` or here) through a real Slurm on this machine, with
# the project's profile, and its tables compared with those of `make demo` where it has run. As root.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
seed=$1
run=demo/runs/slurm-seed-$seed
plain=demo/runs/seed-$seed
cluster=$(mktemp -d)/cluster
trap 'tests/slurm/cluster.sh stop "$cluster"; rm -rf "$(dirname "$cluster")"' EXIT

if ! [ -e "$run/config.yaml" ]; then
    mkdir -p "$run"
    python demo/generate.py --seed "$seed" --out "$run" --processes "$(nproc)"
fi
tests/slurm/cluster.sh start "$cluster"

# The project's profile without conda, asking Slurm every 5 s, for nodes of two cores.
python - "$cluster/profile" <<'END'
import pathlib, sys, yaml
profile = yaml.safe_load(pathlib.Path("profiles/slurm/config.yaml").read_text())
for name in ("software-deployment-method", "conda-prefix"):
    del profile[name]
profile |= {"slurm-init-seconds-before-status-checks": 5, "latency-wait": 5, "cores": 2}
folder = pathlib.Path(sys.argv[1])
folder.mkdir()
(folder / "config.yaml").write_text(yaml.safe_dump(profile))
END
PATH=$cluster/bin:$PATH ./run --profile "$cluster/profile" --configfile "$run/config.yaml" --directory "$run"
PATH=$cluster/bin:$PATH sacct -X --starttime now-1days --format=JobIdRaw,State,Elapsed,ReqMem,Comment%60 >"$run/slurm-jobs.txt"
echo "jobs: $PWD/$run/slurm-jobs.txt"

if [ -d "$plain/results" ]; then
    different=0
    while read -r table; do
        cmp -s "$plain/$table" "$run/$table" || { echo "differs: $table"; different=1; }
    done < <(cd "$plain" && find results -name '*.tsv' -o -name '*.tsv.gz' | grep -v scorecard | sort)
    [ $different -eq 0 ] && echo "all tables equal those of make demo"
    exit $different
fi
