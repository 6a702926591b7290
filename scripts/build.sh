#!/usr/bin/env bash
# Builds the program as it is released and prints its path.
#
# Usage: scripts/build.sh TARGET, for example scripts/build.sh x86_64-unknown-linux-gnu
#
# Linux programs run with glibc 2.28 and newer: RHEL 8, Debian 10, Ubuntu 20.04, Amazon Linux 2023.
# Needs Rust, nasm, and for Linux python3 with venv.
set -euo pipefail
cd "$(dirname "$0")/.."

if (($# != 1)); then
    echo "usage: scripts/build.sh TARGET" >&2
    exit 2
fi
target=$1

# The build passes without nasm, and the program then encodes JPEGs several times slower.
if [[ $target == x86_64-* ]] && ! command -v nasm >/dev/null; then
    echo "scripts/build.sh: nasm is not installed; run scripts/install-nasm.sh" >&2
    exit 1
fi
if command -v rustup >/dev/null; then
    rustup --quiet target add "$target" >&2
fi

options=(--release --locked --package testamur)
case $target in
    *-linux-gnu)
        tools=target/build-tools
        scripts/venv.sh scripts/requirements/build.txt "$tools" >&2
        PATH="$PWD/$tools/bin:$PATH" cargo zigbuild "${options[@]}" --target "$target.2.28" >&2
        ;;
    *) cargo build "${options[@]}" --target "$target" >&2 ;;
esac

program=${CARGO_TARGET_DIR:-target}/$target/release/testamur
if [[ $target == *-windows-* ]]; then
    program+=.exe
fi
echo "$program"
