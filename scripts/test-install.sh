#!/usr/bin/env bash
# Tests what a release delivers: packs a program, installs the archive from a local web server, uses
# the program in an empty folder, and injects faults into further installations. Also runs the build
# step of the container image.
#
# Usage: scripts/test-install.sh [TARGET PROGRAM]
#
# Without arguments, tests target/debug/testamur. A Windows archive is only unpacked and used, since
# install.sh is for Linux and macOS. Needs python3 and curl.
set -eEuo pipefail
trap 'echo "scripts/test-install.sh: line $LINENO failed: $BASH_COMMAND" >&2' ERR
cd "$(dirname "$0")/.."

if (($# != 0 && $# != 2)); then
    echo "usage: scripts/test-install.sh [TARGET PROGRAM]" >&2
    exit 2
fi
target=${1:-$(rustc -vV | sed -n 's/^host: //p')}
program=${2:-${CARGO_TARGET_DIR:-target}/debug/testamur}

scripts=$PWD/scripts
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$work"' EXIT

main() {
    scripts/docker-build.sh "$work/image" "$program"
    uses "$work/image"

    scripts/package.sh "$target" "$program" "$work/dist"
    if [[ $target == *-windows-* ]]; then
        python3 -m zipfile -e "$work"/dist/*.zip "$work/unpacked"
        uses "$work"/unpacked/*/
    else
        serve
        installs
        keeps_the_old_version_when_a_download_is_damaged
        keeps_the_old_version_when_the_program_does_not_run
        keeps_the_old_version_when_a_move_fails
        leaves_nothing_on_an_unsupported_machine
    fi
    echo "scripts/test-install.sh: passed"
}

installs() {
    for _ in first again; do
        install >"$work/output"
        grep -q "^installed testamur $(scripts/version.sh) (" "$work/output"
        uses "$work/prefix"
    done
    no_remains
}

keeps_the_old_version_when_a_download_is_damaged() {
    cp -R "$work/dist" "$work/damaged"
    echo x >>"$work/damaged/$(cd "$work/dist" && echo testamur-*.tar.gz)"
    TESTAMUR_DOWNLOAD_URL=file://$work/damaged fails 'has the SHA-256'
}

keeps_the_old_version_when_the_program_does_not_run() {
    printf '#!/bin/sh\necho wrong C library >&2\nexit 1\n' >"$work/broken"
    scripts/package.sh "$target" "$work/broken" "$work/broken-dist" >/dev/null
    TESTAMUR_DOWNLOAD_URL=$work/broken-dist fails 'does not run here.*wrong C library'
}

keeps_the_old_version_when_a_move_fails() {
    # shellcheck disable=SC2016 # The fake program expands it.
    fake mv 'case $1 in *"-$TARGET/share/testamur") exit 1 ;; esac; exec /bin/mv "$@"'
    TARGET=$target PATH=$work/fake:$PATH fails 'cannot write .*/prefix/share/testamur'
}

leaves_nothing_on_an_unsupported_machine() {
    # shellcheck disable=SC2016 # The fake program expands it.
    fake uname '[ "$1" = -s ] && echo Plan9 || echo mips'
    PATH=$work/fake:$PATH TESTAMUR_TARGET='' TESTAMUR_INSTALL=$work/nowhere \
        fails 'no release for Plan9 on mips'
    TESTAMUR_TARGET=mips-plan9 TESTAMUR_INSTALL=$work/nowhere fails 'has no archive of testamur'
    [ ! -e "$work/nowhere" ]
}

# Puts a program of one line of shell where a PATH of $work/fake finds it.
fake() {
    rm -rf "$work/fake"
    mkdir "$work/fake"
    printf '#!/bin/sh\n%s\n' "$2" >"$work/fake/$1"
    chmod +x "$work/fake/$1"
}

# Serves the archives on a free port of the loopback interface.
serve() {
    python3 -u -m http.server --bind 127.0.0.1 --directory "$work/dist" 0 \
        >"$work/server" 2>/dev/null &
    server=$!
    until url=$(grep -o 'http://127.0.0.1:[0-9]*' "$work/server"); do
        kill -0 "$server"
        sleep 0.1
    done
}

# Runs install.sh as a user does: from standard input, in a shell without this one's options.
install() {
    TESTAMUR_INSTALL=${TESTAMUR_INSTALL:-$work/prefix} TESTAMUR_TARGET=${TESTAMUR_TARGET-$target} \
        TESTAMUR_DOWNLOAD_URL=${TESTAMUR_DOWNLOAD_URL:-$url} sh <"$scripts/install.sh"
}

# Expects an installation to fail with a matching message and the installed version to work still.
fails() {
    if install >/dev/null 2>"$work/errors"; then
        echo "scripts/test-install.sh: expected a failure: $1" >&2
        exit 1
    fi
    if ! grep -q "^install.sh: .*$1" "$work/errors"; then
        echo "scripts/test-install.sh: expected: $1; found:" >&2
        cat "$work/errors" >&2
        exit 1
    fi
    uses "$work/prefix"
    no_remains
}

# Renders a certificate in an empty folder, with nothing but what is installed.
uses() (
    samples=$1/share/testamur/templates/completion/samples
    rm -rf "$work/empty"
    mkdir "$work/empty"
    cd "$work/empty"
    "$1/bin/testamur" render completion --data "$samples/ada.json" --output ada.pdf
    "$1/bin/testamur" render completion --data "$samples/arabic.json" --output arabic.jpg
    [ "$(head -c 5 ada.pdf)" = %PDF- ]
    [ -s arabic.jpg ]
)

no_remains() {
    if compgen -G "$work/prefix/.testamur-*"; then
        echo "scripts/test-install.sh: install.sh left its work folder" >&2
        exit 1
    fi
}

main
