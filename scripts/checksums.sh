#!/usr/bin/env bash
# Writes the SHA-256 of every release archive in FOLDER to FOLDER/SHA256SUMS.
#
# Usage: scripts/checksums.sh FOLDER
set -euo pipefail

if (($# != 1)); then
    echo "usage: scripts/checksums.sh FOLDER" >&2
    exit 2
fi
cd "$1"

# macOS has shasum instead of sha256sum.
sha256=(sha256sum)
command -v sha256sum >/dev/null || sha256=(shasum -a 256)

shopt -s nullglob
"${sha256[@]}" testamur-*.tar.gz testamur-*.zip >SHA256SUMS
