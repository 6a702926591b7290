#!/usr/bin/env bash
# Lays out an installation: FOLDER/bin/testamur, and the templates and fonts in
# FOLDER/share/testamur, where the program looks for them.
#
# Usage: scripts/stage.sh PROGRAM FOLDER
set -euo pipefail

if (($# != 2)); then
    echo "usage: scripts/stage.sh PROGRAM FOLDER" >&2
    exit 2
fi
program=$1 folder=$2
root=$(cd "$(dirname "$0")/.." && pwd)

name=testamur
if [[ $program == *.exe ]]; then
    name+=.exe
fi
mkdir -p "$folder/bin" "$folder/share/testamur"
cp "$program" "$folder/bin/$name"
chmod 755 "$folder/bin/$name"
cp -R "$root/templates" "$root/fonts" "$folder/share/testamur/"
# Snapshots are for the tests of the templates.
rm -rf "$folder"/share/testamur/templates/*/snapshots
