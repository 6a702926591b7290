#!/usr/bin/env bash
# Builds the packages that template.yaml names, optimized: target/lambda/FUNCTION.zip.
#
# Usage: lambda/package.sh [arm64|x86_64 [OPTION OF CARGO...]]
#
# The packages are for the architecture of the last run, arm64 by default; deploy them with the
# parameter Architecture set to it. Needs Rust (rustup fetches the target's standard library) and
# python3 with venv.
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
        echo "lambda/package.sh: unknown architecture $architecture; use arm64 or x86_64" >&2
        exit 2
        ;;
esac

tools=target/package-tools
scripts/venv.sh lambda/requirements.txt "$tools"
if command -v rustup >/dev/null; then
    rustup --quiet target add "$target"
fi

PATH="$PWD/$tools/bin:$PATH" cargo lambda build --release --target "$target" \
    --package testamur-lambda "${options[@]}"

# Lambda accepts uploads of 50 MB, and 250 MB unpacked.
printf '\n%-14s %12s %12s   %s\n' function 'zip, MB' 'program, MB' "$architecture"
for function in detect issue schedule-mail send-mail bounce; do
    program=target/lambda/$function/bootstrap
    zip=target/lambda/$function.zip
    python3 lambda/zip.py "$function" "$program" "$zip"
    printf '%-14s %12s %12s\n' "$function" "$(megabytes "$zip")" "$(megabytes "$program")"
done
