#!/usr/bin/env bash
# install_debian.sh LIST WHAT: install the Debian packages of a list that only tests need, where they are missing. As root.
set -euo pipefail
list=$1 what=$2
mapfile -t packages < <(grep -v '^#' "$list" | cut -f1)
missing=()
for package in "${packages[@]}"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then exit; fi
if [ "$(id -u)" -ne 0 ]; then
    echo "$what needs root: apt-get install ${missing[*]}" >&2
    exit 1
fi
echo "installing ${missing[*]}"
apt-get -qq update
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
