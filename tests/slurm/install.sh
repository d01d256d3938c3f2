#!/usr/bin/env bash
# Install the Debian packages of the Slurm that the tests start, where they are missing. As root.
here=$(dirname "${BASH_SOURCE[0]}")
exec "$here/../install_debian.sh" "$here/debian-packages.txt" "Slurm for the tests"
