#!/usr/bin/env bash
# Builds the program in a Debian container and lays it out with the templates and fonts in FOLDER.
#
# Usage: scripts/docker-build.sh FOLDER [PROGRAM]
#
# With PROGRAM, lays out that program instead of building one.
set -euo pipefail
cd "$(dirname "$0")/.."

if (($# < 1 || $# > 2)); then
    echo "usage: scripts/docker-build.sh FOLDER [PROGRAM]" >&2
    exit 2
fi
folder=$1 program=${2:-}

if [[ -z $program ]]; then
    scripts/install-nasm.sh
    cargo build --release --locked --package testamur
    program=${CARGO_TARGET_DIR:-target}/release/testamur
fi
scripts/stage.sh "$program" "$folder"
