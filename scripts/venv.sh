#!/usr/bin/env bash
# Installs Python packages into a virtual environment, unless they are already there.
#
# Usage: scripts/venv.sh REQUIREMENTS FOLDER
set -euo pipefail

if (($# != 2)); then
    echo "usage: scripts/venv.sh REQUIREMENTS FOLDER" >&2
    exit 2
fi
requirements=$1 folder=$2

if ! cmp -s "$requirements" "$folder/installed.txt"; then
    python3 -m venv --clear "$folder"
    "$folder/bin/python" -m pip install --quiet --disable-pip-version-check -r "$requirements"
    cp "$requirements" "$folder/installed.txt"
fi
