#!/usr/bin/env bash
# Builds the deployment packages of all functions in release mode.
#
#   lambda/package.sh [arm64|x86_64 [CARGO_OPTION...]]      default: arm64
#
# Writes target/lambda/<function>.zip, which template.yaml refers to, and replaces the packages of an
# earlier run. Deploy them with the parameter Architecture set to the same value. Requires Rust and
# python3 with venv; rustup, if installed, downloads the standard library of the target.
set -euo pipefail
cd "$(dirname "$0")/.."

megabytes() {
    LC_ALL=C awk '{ printf "%.1f", $1 / 1e6 }' <<<"$(wc -c <"$1")"
}

architecture=${1:-arm64}
options=("${@:2}")
case $architecture in
    arm64) target=aarch64-unknown-linux-gnu ;;
    x86_64) target=x86_64-unknown-linux-gnu ;;
    *)
        echo "lambda/package.sh: unknown architecture $architecture: use arm64 or x86_64" >&2
        exit 2
        ;;
esac

tools=target/package-tools
if ! cmp -s lambda/requirements.txt "$tools/installed.txt"; then
    python3 -m venv "$tools"
    "$tools/bin/python" -m pip install --quiet --disable-pip-version-check -r lambda/requirements.txt
    cp lambda/requirements.txt "$tools/installed.txt"
fi
if command -v rustup >/dev/null; then
    rustup --quiet target add "$target"
fi

PATH="$PWD/$tools/bin:$PATH" cargo lambda build --release --target "$target" --package testamur-lambda "${options[@]}"

# Lambda's limits are 50 MB for a zip in a direct upload and 250 MB for an unpacked package.
printf '\n%-14s %12s %12s   %s\n' function 'zip, MB' 'program, MB' "$architecture"
for function in detect issue schedule-mail send-mail bounce; do
    program=target/lambda/$function/bootstrap
    zip=target/lambda/$function.zip
    python3 lambda/zip.py "$function" "$program" "$zip"
    printf '%-14s %12s %12s\n' "$function" "$(megabytes "$zip")" "$(megabytes "$program")"
done
