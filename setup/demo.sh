#!/usr/bin/env bash
# demo.sh SEED CORES [large]: make the demo cohort of that seed (once), run the workflow on it, compare planted with
# called. "large" is the cohort of fourteen patients.
# The same command goes on where a stopped one was.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
seed=$1
cores=$2
large=(${3:+--large})
run=demo/runs/${3:+large-}seed-$seed
made_by=$(find demo/generate.py demo/cohort_generator -type f ! -name '*.pyc' -print0 | sort -z | xargs -0 cat | sha256sum | cut -c1-16)

if [ "$(cat "$run/generated" 2>/dev/null)" != "$made_by" ]; then
    echo "demo: making cohort $seed in $run (a few minutes)"
    rm -f "$run/generated"
    rm -rf "$run/results/calls/panels" # frozen panels of a cohort that is no more
    mkdir -p "$run"
    python demo/generate.py --seed "$seed" --out "$run" --processes "$cores" "${large[@]}"
    echo "$made_by" >"$run/generated"
fi

# Miniature samples: two at a time with one thread each are done sooner than one after the other with two.
one_thread=(align_wes=1 decode_wes=1 measure_wes=1 align_rna=1)
./run --configfile "$run/config.yaml" --directory "$run" --cores "$cores" --keep-going --set-threads "${one_thread[@]}"
python demo/scorecard.py "$run" "${large[@]}"
echo "scorecard: $PWD/$run/results/scorecard.tsv"
echo "report: $PWD/$run/results/report/report.html"
