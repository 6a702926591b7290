#!/usr/bin/env bash
# Makes the pictures in docs/images from a built program. Needs Chromium and python3 with venv.
#
# Usage: scripts/pictures/make.sh TESTAMUR_BINARY
set -euo pipefail

if (($# != 1)); then
    echo "usage: scripts/pictures/make.sh TESTAMUR_BINARY" >&2
    exit 2
fi
program=$(realpath "$1")
cd "$(dirname "$0")/../.."

scripts/venv.sh tests/requirements/validators.txt target/pictures
export FONTCONFIG_FILE=$PWD/scripts/pictures/fonts.conf
export PYTHONPATH=tests/validators PYTHONDONTWRITEBYTECODE=1
target/pictures/bin/python scripts/pictures/make.py "$program"
