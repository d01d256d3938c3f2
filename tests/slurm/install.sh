#!/usr/bin/env bash
# Install the Debian packages of the Slurm that the tests start, where they are missing. As root.
set -euo pipefail
list=$(dirname "${BASH_SOURCE[0]}")/debian-packages.txt
mapfile -t packages < <(grep -v '^#' "$list" | cut -f1)
missing=()
for package in "${packages[@]}"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then exit; fi
if [ "$(id -u)" -ne 0 ]; then
    echo "Slurm for the tests needs root: apt-get install ${missing[*]}" >&2
    exit 1
fi
echo "installing ${missing[*]}"
apt-get -qq update
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
