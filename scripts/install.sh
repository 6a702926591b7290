#!/bin/sh
# Installs a release of Testamur: the program, the templates and the fonts.
#
# Usage: curl -fsSL https://github.com/testamur/testamur/releases/latest/download/install.sh | sh
#
# Environment:
#   TESTAMUR_INSTALL       Folder to install into: the program into its bin/, templates and fonts
#                          into its share/testamur/ (replaced as a whole). Default: $HOME/.local
#   TESTAMUR_VERSION       Version to install, such as 0.1.0. Default: the latest
#   TESTAMUR_TARGET        Target to install, such as aarch64-apple-darwin. Default: this machine's
#   TESTAMUR_DOWNLOAD_URL  URL (https, http, file) or folder of the archives and their SHA256SUMS.
#                          Default: the release on GitHub
#
# Verifies the checksum and runs the program once before it changes anything in the folder. If a
# step fails, the folder is as it was.
set -eu

repository=https://github.com/testamur/testamur

# The whole script is functions, so a download that breaks off runs nothing.
main() {
    version=${TESTAMUR_VERSION:-}
    prefix=${TESTAMUR_INSTALL:-${HOME:?not set; set TESTAMUR_INSTALL to a folder}/.local}
    target=${TESTAMUR_TARGET:-$(detect_target)}
    source=${TESTAMUR_DOWNLOAD_URL:-$(release_url)}

    created=
    [ -d "$prefix" ] || created=$prefix
    mkdir -p "$prefix" || fail "cannot create $prefix; set TESTAMUR_INSTALL to another folder"
    work=$(mktemp -d "$prefix/.testamur-XXXXXX") \
        || fail "cannot write to $prefix; set TESTAMUR_INSTALL to another folder"
    trap clean_up EXIT
    trap 'exit 130' HUP INT TERM

    download SHA256SUMS
    archive=$(find_archive)
    echo "downloading $source/$archive"
    download "$archive"
    verify "$archive"

    tar -xzf "$work/$archive" -C "$work" || fail "cannot unpack $archive"
    unpacked=$work/${archive%.tar.gz}
    installed=$("$unpacked/bin/testamur" --version 2>&1) \
        || fail "the program does not run here; on Linux it needs glibc 2.28 or newer: $installed"

    replace
    report
}

detect_target() {
    system=$(uname -s)
    machine=$(uname -m)
    case $machine in
        x86_64 | amd64) machine=x86_64 ;;
        aarch64 | arm64) machine=aarch64 ;;
        *) unsupported ;;
    esac
    case $system in
        Linux) echo "$machine-unknown-linux-gnu" ;;
        Darwin) echo "$machine-apple-darwin" ;;
        MINGW* | MSYS* | CYGWIN*) fail "on Windows, unpack the zip of $repository/releases" ;;
        *) unsupported ;;
    esac
}

unsupported() {
    fail "no release for $system on $machine; build it: cargo install --git $repository testamur"
}

release_url() {
    if [ -n "$version" ]; then
        echo "$repository/releases/download/v$version"
    else
        echo "$repository/releases/latest/download"
    fi
}

# Copies one file of the release into the work folder.
download() {
    case $source in
        http://* | https://*)
            if command -v curl >/dev/null; then
                curl -fsSL --retry 3 -o "$work/$1" "$source/$1"
            elif command -v wget >/dev/null; then
                wget -q -O "$work/$1" "$source/$1"
            else
                fail "neither curl nor wget is installed"
            fi
            ;;
        *) cp "${source#file://}/$1" "$work/$1" ;;
    esac || fail "cannot download $source/$1"
}

# Prints the name of the archive for the target, which holds the version.
find_archive() {
    pattern="testamur-${version:-.*}-$target\.tar\.gz"
    names=$(sed -n "s/^[0-9a-f]\{64\} [ *]\($pattern\)\$/\1/p" "$work/SHA256SUMS")
    case $names in
        '') fail "$source has no archive of testamur ${version:+$version }for $target" ;;
        *"
"*) fail "$source has several versions for $target; set TESTAMUR_VERSION to one of them" ;;
        *) echo "$names" ;;
    esac
}

verify() {
    expected=$(sed -n "s/^\([0-9a-f]\{64\}\) [ *]$1\$/\1/p" "$work/SHA256SUMS")
    actual=$(sha256 "$work/$1")
    if [ "$actual" != "$expected" ]; then
        fail "$1 has the SHA-256 $actual, but SHA256SUMS says $expected; try again"
    fi
}

sha256() {
    if command -v sha256sum >/dev/null; then
        hash=$(sha256sum "$1")
    elif command -v shasum >/dev/null; then
        hash=$(shasum -a 256 "$1")
    elif command -v openssl >/dev/null; then
        hash=$(openssl dgst -sha256 -r "$1")
    else
        fail "cannot verify the download: sha256sum, shasum and openssl are all missing"
    fi
    echo "${hash%% *}"
}

# Swaps in the new files by renaming, for which the work folder is on the same file system. What was
# there before moves to the work folder, from which clean_up puts it back if a step fails.
replace() {
    mkdir -p "$prefix/bin" "$prefix/share" "$work/old/bin" "$work/old/share"
    swapping=yes
    for path in bin/testamur share/testamur; do
        [ ! -e "$prefix/$path" ] || mv "$prefix/$path" "$work/old/$path" \
            || fail "cannot move the old $prefix/$path away"
        mv "$unpacked/$path" "$prefix/$path" || fail "cannot write $prefix/$path"
    done
    swapping=
}

clean_up() {
    if [ -n "${swapping:-}" ]; then
        for path in bin/testamur share/testamur; do
            # What is no longer in the unpacked archive was moved in.
            [ -e "$unpacked/$path" ] || rm -rf "${prefix:?}/$path"
            [ ! -e "$work/old/$path" ] || mv "$work/old/$path" "$prefix/$path"
        done
    fi
    rm -rf "$work"
    if [ -n "$created" ]; then
        rmdir "$created/bin" "$created/share" "$created" 2>/dev/null || true
    fi
}

report() {
    echo "installed $installed"
    echo "  program              $prefix/bin/testamur"
    echo "  templates and fonts  $prefix/share/testamur"
    case :$PATH: in
        *":$prefix/bin:"*) ;;
        *)
            echo "add the program to PATH:"
            echo "  export PATH=\"$prefix/bin:\$PATH\""
            ;;
    esac
    echo "next:"
    echo "  testamur init certificates"
}

fail() {
    echo "install.sh: $*" >&2
    exit 1
}

main
