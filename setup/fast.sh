#!/usr/bin/env bash
# fast.sh: build bwa-mem4, which gives the same records as bwa in a third of the time, into .tools. An option: without it
# the aligner stays bwa. Needs a recent Rust (https://rustup.rs) and, on Debian, libclang-dev; about 2 minutes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
version=4.4.0
tools=$PWD/.tools

if [ -x "$tools/bin/bwa-mem4" ] && "$tools/bin/bwa-mem4" version 2>/dev/null | grep -qF "$version"; then
    echo "bwa-mem4 $version is there"
    exit 0
fi
if ! command -v cargo >/dev/null; then
    echo "no cargo on PATH: install Rust (https://rustup.rs) and run 'make fast' again, or stay with bwa" >&2
    exit 1
fi
if command -v dpkg-query >/dev/null && [ "$(dpkg-query -W -f '${db:Status-Status}' libclang-dev 2>/dev/null)" != installed ]; then
    root=()
    [ "$(id -u)" -eq 0 ] || root=(sudo)
    "${root[@]}" apt-get install -y -q --no-install-recommends libclang-dev >"$tools/fast.log" 2>&1 \
        || { tail -n 5 "$tools/fast.log" >&2; echo "libclang-dev could not be installed" >&2; exit 1; }
fi
echo "building bwa-mem4 $version (about 2 minutes)"
# --locked: the versions that its author tested; its declared minimum Rust is newer than what builds it
cargo install bwa-mem4 --version "$version" --locked --ignore-rust-version --root "$tools/cargo" >>"$tools/fast.log" 2>&1 \
    || { tail -n 15 "$tools/fast.log" >&2; echo "it did not build; the aligner stays bwa" >&2; exit 1; }
ln -sf ../cargo/bin/bwa-mem4 "$tools/bin/bwa-mem4"
"$tools/bin/bwa-mem4" version || true
echo "use it with  align: {aligner: bwa-mem4}  in your config"
