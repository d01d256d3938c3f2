#!/usr/bin/env bash
# Install what the workflow needs below the project (.venv, .tools) and, as root or with sudo, Debian's packages.
# Safe to run again: each step remembers a digest of the files it was made from and does nothing while they stand.
#
# PYTHON=/path/to/python3.11   chooses the Python (default: Debian's, else the one on PATH)
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
project=$PWD
tools=$project/.tools
stamps=$tools/stamps
uv_version=0.13.9
multiqc=$tools/multiqc
began=$SECONDS

say() { printf '%s\n' "$*"; }
fail() { printf 'set-up stopped: %s\n' "$*" >&2; exit 1; }

# retry WHAT COMMAND...: three attempts, for networks that are only sometimes there
retry() {
    local what=$1 attempt
    shift
    for attempt in 1 2 3; do
        if "$@"; then return 0; fi
        if [ "$attempt" -lt 3 ]; then
            say "   $what failed (attempt $attempt of 3), trying again in $((attempt * 5)) s"
            sleep $((attempt * 5))
        fi
    done
    fail "$what failed three times. If the network is down or needs a proxy (https_proxy; Maven: ~/.m2/settings.xml),
set that right and run the same command again: it goes on where it stopped."
}

# logged FILE COMMAND...: what it says goes to the file, and its last lines are shown when it fails
logged() {
    local file=$1
    shift
    "$@" >"$file" 2>&1 || { tail -n 5 "$file" >&2; return 1; }
}

digest() { cat "$@" | sha256sum | cut -c1-16; }
standing() { [ -e "$stamps/$1" ] && [ "$(cat "$stamps/$1")" = "$2" ]; }
stamp() { printf '%s\n' "$2" >"$stamps/$1.new" && mv "$stamps/$1.new" "$stamps/$1"; }

debian_packages() {
    local packages missing=() package version root=()
    packages=$(grep -v -e '^#' -e '^$' setup/debian-packages.txt | cut -f1)
    if ! command -v dpkg-query >/dev/null; then
        say "1/5 Debian packages: this is not Debian. Have these on PATH (or use conda, see README.md):" $packages
        return
    fi
    for package in $packages; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
    done
    if [ ${#missing[@]} -eq 0 ]; then
        say "1/5 Debian packages: all installed"
    else
        say "1/5 Debian packages: installing ${missing[*]}"
        if [ "$(id -u)" -ne 0 ]; then
            sudo -n true 2>/dev/null || fail "not root, and sudo asks for a password. Have root run:
  apt-get update && apt-get install -y --no-install-recommends ${missing[*]}"
            root=(sudo)
        fi
        retry "apt-get update" "${root[@]}" apt-get -qq update
        retry "apt-get install" logged "$tools/apt.log" "${root[@]}" env DEBIAN_FRONTEND=noninteractive \
            apt-get install -y -q --no-install-recommends "${missing[@]}"
    fi
    grep -v -e '^#' -e '^$' setup/debian-packages.txt | while IFS=$'\t' read -r package version _; do
        installed=$(dpkg-query -W -f '${Version}' "$package")
        case "$version" in any) continue ;; esac
        case "${installed#*:}" in
            "$version"*) ;;
            0."$version"*) ;;
            *) say "   note: $package is $installed here; the workflow was tested with $version" ;;
        esac
    done
}

# A Python 3.11 that can make environments.
find_python() {
    local candidate
    for candidate in ${PYTHON:-} /usr/bin/python3.11 python3.11 python3; do
        if "$candidate" -c 'import sys, ssl, ensurepip, venv, sqlite3, ctypes, bz2, lzma
sys.exit(sys.version_info[:2] != (3, 11))' >/dev/null 2>&1; then
            command -v "$candidate"
            return
        fi
    done
    return 1
}

# environment NAME FOLDER LOCK: a venv that holds exactly what the lock says, checked by hash.
# Byte code is compiled here, as pip does: a project that is only read, or PYTHONDONTWRITEBYTECODE, would else
# compile the imports of every single job (0.5 CPU seconds for pandas alone).
environment() {
    local name=$1 folder=$2 lock=$3 wanted index
    wanted=$("$python" -c 'import sys; print(sys.executable, sys.version.split()[0])' | digest - "$lock")
    if standing "$name" "$wanted" && [ -x "$folder/bin/python" ]; then
        say "$step $name: as locked in $lock"
        return
    fi
    say "$step $name: installing $(grep -c '^[a-z0-9].*==' "$lock") packages of $lock into ${folder#"$project"/}"
    rm -f "$stamps/$name"
    rm -rf "$folder"
    "$python" -m venv "$folder"
    # a site's own package index, if it has one, is set for pip; uv has to be told
    index=${PIP_INDEX_URL:-$("$python" -m pip config get global.index-url 2>/dev/null || true)}
    if [ -n "$index" ]; then export UV_DEFAULT_INDEX=$index; fi
    if [ -x "$tools/uv/bin/uv" ] && "$tools/uv/bin/uv" pip sync -q --system-certs --compile-bytecode --python "$folder/bin/python" --require-hashes "$lock"; then
        :
    else
        say "   with pip (about 2 minutes)"
        retry "pip install" "$folder/bin/python" -m pip install -q --disable-pip-version-check \
            --require-hashes -r "$lock"
    fi
    stamp "$name" "$wanted"
}

# uv makes the environments ten times faster than pip; without it pip does the same work.
get_uv() {
    [ -x "$tools/uv/bin/uv" ] && return
    rm -rf "$tools/uv"
    "$python" -m venv "$tools/uv"
    "$tools/uv/bin/python" -m pip install -q --disable-pip-version-check "uv==$uv_version" \
        || { rm -rf "$tools/uv"; say "   uv $uv_version could not be had; going on with pip"; }
}

fetch_jars() {
    logged "$tools/maven.log" mvn -q -B -f envs/gatk/pom.xml dependency:copy-dependencies \
        -DoutputDirectory="$tools/gatk.new/jars" -DincludeScope=runtime
}

gatk() {
    local wanted
    wanted=$(digest envs/gatk/pom.xml envs/gatk/gatk)
    if standing gatk "$wanted" && [ -d "$tools/gatk/jars" ]; then
        say "$step GATK: as in envs/gatk/pom.xml"
        return
    fi
    say "$step GATK 4.6.2.0: fetching about 420 MB from Maven Central into .tools/gatk (a minute or more)"
    rm -rf "$tools/gatk.new" "$stamps/gatk"
    retry "fetching GATK" fetch_jars
    rm -rf "$tools/gatk"
    mv "$tools/gatk.new" "$tools/gatk"
    cp envs/gatk/gatk "$tools/bin/gatk"
    logged "$tools/gatk/version.log" "$tools/bin/gatk" --version || fail "GATK does not start (Java 17 is needed)"
    # Archive the classes of a start; without the archive GATK works as well, only slower.
    "$tools/bin/gatk" --java-options "-XX:ArchiveClassesAtExit=$tools/gatk/gatk.jsa" Mutect2 --help \
        >"$tools/gatk/archive.log" 2>&1 || rm -f "$tools/gatk/gatk.jsa"
    stamp gatk "$wanted"
}

write_activate() {
    cat >"$tools/activate" <<END
# source .tools/activate   puts the workflow's Python environment and tools on PATH
export PATH="$tools/bin:$project/.venv/bin:\$PATH"
END
}

mkdir -p "$stamps" "$tools/bin"
exec 9>"$tools/lock"
flock -n 9 || { say "another set-up is at work in this folder; waiting for it"; flock 9; }

before=$(cat "$stamps"/* 2>/dev/null || true)
debian_packages
python=$(find_python) || fail "no Python 3.11 with venv found. Debian 12: apt-get install python3-venv; or PYTHON=/path/to/python3.11"
if ! [ -e "$stamps/python" ] || ! [ -e "$stamps/multiqc" ]; then get_uv; fi

# The last two work beside the first: they wait for the network most of the time.
step=3/5 environment multiqc "$multiqc" envs/requirements-multiqc.txt >"$tools/multiqc.log" 2>&1 &
second=$!
step=4/5 gatk >"$tools/gatk.log" 2>&1 &
third=$!
step=2/5 environment python "$project/.venv" envs/requirements.txt
finish() { wait "$1" || { cat "$2" >&2; exit 1; }; cat "$2"; }
finish "$second" "$tools/multiqc.log"
finish "$third" "$tools/gatk.log"
ln -sfn ../multiqc/bin/multiqc "$tools/bin/multiqc"
write_activate
say "5/5 set-up is complete ($((SECONDS - began)) s)"
if [ "$before" != "$(cat "$stamps"/*)" ]; then
    say "    next: make demo, make test; or for your own data: source .tools/activate && ./run --help"
fi
