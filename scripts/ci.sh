#!/usr/bin/env bash
# Runs what CI runs, from a clean checkout: installs the tools that the checks and tests call (on
# Debian and Ubuntu), then the checks, the tests, the lints and the documentation.
#
# Usage: scripts/ci.sh
set -euo pipefail
cd "$(dirname "$0")/.."

tools=(nasm qpdf pdftotext python3 cc chromium curl npm npx)
packages=(
    nasm qpdf poppler-utils python3 python3-venv gcc libc6-dev chromium curl ca-certificates npm
)
missing=()
for tool in "${tools[@]}"; do
    command -v "$tool" >/dev/null || missing+=("$tool")
done
python3 -c 'import ensurepip' 2>/dev/null || missing+=(venv)
if ((${#missing[@]})); then
    sudo=$([ "$(id -u)" = 0 ] || echo sudo)
    $sudo apt-get update -qq
    $sudo apt-get install -y -qq --no-install-recommends "${packages[@]}"
fi

cargo fmt --all --check
scripts/check.sh
cargo test --workspace
scripts/test-install.sh
cargo clippy --workspace --all-targets -- -D warnings
RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps
git diff --exit-code
