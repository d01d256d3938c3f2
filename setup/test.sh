#!/usr/bin/env bash
# test.sh: all tests but the end-to-end ones, in two processes side by side: the package's own, and all others.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
said=$(mktemp)
trap 'rm -f "$said"' EXIT

pytest -m "not end_to_end" tests/myeloma >"$said" 2>&1 &
package=$!
status=0
pytest -m "not end_to_end" --ignore=tests/myeloma tests || status=$?
wait "$package" || status=$?
cat "$said"
exit "$status"
