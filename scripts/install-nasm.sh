#!/usr/bin/env bash
# Installs nasm, the assembler of the fast JPEG encoder, on Debian, Ubuntu, macOS or Windows.
#
# Usage: scripts/install-nasm.sh
set -euo pipefail

if command -v nasm >/dev/null; then
    exit
fi
case $(uname -s) in
    Linux)
        sudo=$([ "$(id -u)" = 0 ] || echo sudo)
        $sudo apt-get update -qq
        $sudo apt-get install -y -qq --no-install-recommends nasm
        ;;
    Darwin) brew install --quiet nasm ;;
    MINGW* | MSYS*)
        choco install nasm --yes --no-progress
        # A workflow's next steps take PATH from this file; the installer does not change theirs.
        echo 'C:\Program Files\NASM' >>"${GITHUB_PATH:-/dev/null}"
        ;;
    *)
        echo "scripts/install-nasm.sh: unsupported system $(uname -s); install nasm yourself" >&2
        exit 1
        ;;
esac
