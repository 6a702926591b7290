#!/usr/bin/env bash
# Makes the container image of a release for x86-64 and arm64 from its archives, pushes it with the
# tags VERSION and, unless that is a pre-release, `latest`, and prints its digest.
#
# Usage: scripts/push-image.sh IMAGE [FOLDER]
#
# IMAGE is a name such as ghcr.io/testamur/testamur. FOLDER holds the archives, by default
# target/dist. Needs Docker with buildx, logged in to the registry.
set -euo pipefail
cd "$(dirname "$0")/.."

if (($# < 1 || $# > 2)); then
    echo "usage: scripts/push-image.sh IMAGE [FOLDER]" >&2
    exit 2
fi
image=$1 dist=${2:-target/dist}

version=$(scripts/version.sh)
tags=(--tag "$image:$version")
if [[ $version != *-* ]]; then
    tags+=(--tag "$image:latest")
fi

# Takes the place of the stage `build`, so no platform is emulated.
stage=target/image
rm -rf "$stage"
for platform in amd64:x86_64 arm64:aarch64; do
    mkdir -p "$stage/${platform%:*}"
    archive=testamur-$version-${platform#*:}-unknown-linux-gnu.tar.gz
    tar -xzf "$dist/$archive" --strip-components=1 -C "$stage/${platform%:*}"
done

builder=$(docker buildx create)
trap 'docker buildx rm "$builder" >&2' EXIT
docker buildx build --builder "$builder" --platform linux/amd64,linux/arm64 \
    --build-context "build=$stage" "${tags[@]}" --push --metadata-file "$stage/metadata.json" . >&2
python3 -c 'import json, sys; print(json.load(sys.stdin)["containerimage.digest"])' \
    <"$stage/metadata.json"
