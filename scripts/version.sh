#!/usr/bin/env bash
# Prints the version in Cargo.toml. With a tag, fails unless it is `v` and that version.
#
# Usage: scripts/version.sh [TAG]
set -euo pipefail
cd "$(dirname "$0")/.."

version=$(sed -n '/^\[workspace\.package\]/,/^$/s/^version = "\(.*\)"$/\1/p' Cargo.toml)
if (($# > 0)) && [[ $1 != "v$version" ]]; then
    echo "scripts/version.sh: tag $1 does not match version $version in Cargo.toml" >&2
    exit 1
fi
echo "$version"
