#!/usr/bin/env bash
# test_long.sh: the tests marked `long`; their dated result with the commit goes to docs/test-long.md.
# MYELOMA_REQUIRE_DATA=1 turns a missing data set into a failure, MYELOMA_SEED repeats a run's random moments.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
said=$(mktemp)
trap 'rm -f "$said"' EXIT
status=0
pytest -m long -rA --durations=0 --color=no 2>&1 | tee "$said" || status=$?

commit=$(git rev-parse --short HEAD 2>/dev/null || echo unknown)
changed=$(git status --porcelain 2>/dev/null | grep -qv ' docs/test-long.md$' && echo ", with changes that are not committed" || true)
{
    echo "# Long tests"
    echo
    echo "Written by \`make test-long\`: $(date -u +%Y-%m-%d), commit $commit$changed, $(nproc) cores,"
    echo "$((SECONDS / 60)) minutes, exit status $status."
    echo
    echo "| result | test | seconds |"
    echo "|---|---|---|"
    grep -E '^(PASSED|FAILED|ERROR) ' "$said" | while read -r result test _; do
        seconds=$(grep -F " call     $test" "$said" | sed -E 's/^ *([0-9.]+)s .*/\1/' || true)
        echo "| $result | \`$test\` | ${seconds:-} |"
    done
    grep -h '^MYELOMA_SEED=' "$said" | sort -u | sed 's/^/\n/' || true
    echo
    echo "Skipped, and why:"
    echo
    grep -E '^SKIPPED ' "$said" | sed 's/^/- /' || echo "- no test"
    echo "- with conda and in a container: there is neither where this runs. On Slurm: make test-slurm (docs/faults.md)"
} >docs/test-long.md.new
mv docs/test-long.md.new docs/test-long.md
sed -n '/^Skipped/,$p' docs/test-long.md
echo "written: docs/test-long.md"
exit "$status"
