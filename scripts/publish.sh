#!/usr/bin/env bash
# Creates the release of a tag on GitHub: the archives in FOLDER, their checksums and install.sh.
#
# Usage: scripts/publish.sh TAG [FOLDER]
#
# FOLDER is target/dist by default. Needs the command gh, logged in.
set -euo pipefail
cd "$(dirname "$0")/.."

if (($# < 1 || $# > 2)); then
    echo "usage: scripts/publish.sh TAG [FOLDER]" >&2
    exit 2
fi
tag=$1 dist=${2:-target/dist}

version=$(scripts/version.sh "$tag")
options=(--title "Testamur $version" --generate-notes --verify-tag)
if [[ $version == *-* ]]; then
    options+=(--prerelease)
fi
gh release create "$tag" "${options[@]}" "$dist"/testamur-"$version"-* "$dist/SHA256SUMS" \
    scripts/install.sh
