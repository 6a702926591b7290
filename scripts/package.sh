#!/usr/bin/env bash
# Packs a built program with the templates and fonts into an archive that runs where it is unpacked:
# FOLDER/testamur-VERSION-TARGET.tar.gz, or .zip for Windows. Then writes the checksums of all
# archives in FOLDER to SHA256SUMS. The same files make the same archive, byte for byte.
#
# Usage: scripts/package.sh TARGET PROGRAM [FOLDER]
#
# TARGET is a Rust target such as x86_64-unknown-linux-gnu; FOLDER is target/dist by default.
set -euo pipefail

if (($# < 2 || $# > 3)); then
    echo "usage: scripts/package.sh TARGET PROGRAM [FOLDER]" >&2
    exit 2
fi
root=$(cd "$(dirname "$0")/.." && pwd)
target=$1 program=$2 dist=${3:-$root/target/dist}

extension=tar.gz
if [[ $target == *-windows-* ]]; then
    extension=zip
fi
name=testamur-$("$root/scripts/version.sh")-$target

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$root/scripts/stage.sh" "$program" "$work/$name"
cp "$root/LICENSE" "$root/README.md" "$work/$name/"

mkdir -p "$dist"
python3 "$root/scripts/archive.py" "$work/$name" "$dist/$name.$extension"
"$root/scripts/checksums.sh" "$dist"
echo "$dist/$name.$extension"
