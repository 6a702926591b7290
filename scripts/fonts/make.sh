#!/usr/bin/env bash
# Makes the folders fonts/noto, noto-sans, noto-serif and noto-serif-cjk from the Debian packages of Noto.
#
# Usage: scripts/fonts/make.sh
#
# Needs Debian 12 with apt-get and dpkg, and python3 with venv. The fonts of Han lose their hints
# and the glyphs for vertical text, which no page uses, so that two weights fit into fonts/.
set -euo pipefail
cd "$(dirname "$0")/../.."

packages=(
    fonts-noto-core=20201225-1
    fonts-noto-cjk=1:20220127+repack1-1
    fonts-noto-cjk-extra=1:20220127+repack1-1
)

# Families with serifs where Noto has them, in the weights of text and titles.
serif=(
    Armenian Bengali Devanagari Ethiopic Georgian Gujarati Gurmukhi Hebrew Kannada Khmer Lao
    Malayalam Myanmar Sinhala Tamil Telugu Thai Tibetan
)
# Families without serifs, for templates without serifs and for scripts that have no other.
sans=(
    Armenian Bengali Devanagari Ethiopic Georgian Gujarati Gurmukhi Hebrew Kannada Khmer
    Lao Malayalam Myanmar Sinhala Tamil Telugu Thai
    Adlam Balinese Cherokee Javanese MeeteiMayek OlChiki Oriya Thaana
)
# Families with one weight.
single=(Mongolian NKo Syriac Tifinagh)

main() {
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    (cd "$work" && apt-get download -qq "${packages[@]}")
    for package in "$work"/*.deb; do
        dpkg -x "$package" "$work/files"
    done
    noto=$work/files/usr/share/fonts/truetype/noto
    find fonts/noto* -path '*emoji*' -prune -o -name '*.?tf' -exec rm {} +
    for weight in Regular Italic SemiBold; do
        copy "NotoSerif-$weight" noto-serif
    done
    for weight in Regular SemiBold; do
        copy "NotoSans-$weight" noto-sans
    done
    for weight in Regular Bold; do
        copy "NotoNaskhArabic-$weight"
    done
    for script in "${serif[@]}"; do
        copy "NotoSerif$script-Regular"
        copy "NotoSerif$script-Bold"
    done
    for script in "${sans[@]}"; do
        copy "NotoSans$script-Regular"
        copy "NotoSans$script-Bold"
    done
    for script in "${single[@]}"; do
        copy "NotoSans$script-Regular"
    done
    python3 -m venv "$work/venv"
    "$work/venv/bin/pip" install --quiet fonttools==4.68.0
    han Regular
    han Bold
}

copy() {
    install -m 644 "$noto/$1.ttf" "fonts/${2:-noto}/"
}

# Makes one weight from the Japanese face, whose glyphs include the forms of all regions.
han() {
    "$work/venv/bin/pyftsubset" \
        "$work/files/usr/share/fonts/opentype/noto/NotoSerifCJK-$1.ttc" --font-number=0 \
        --unicodes='*' --layout-features='ccmp,kern,liga,locl,mark,mkmk,calt,ljmo,vjmo,tjmo' \
        --no-hinting --name-IDs='*' --notdef-outline \
        --output-file="fonts/noto-serif-cjk/NotoSerifCJKjp-$1.otf"
    "$work/venv/bin/python" scripts/fonts/han_variants.py \
        "fonts/noto-serif-cjk/NotoSerifCJKjp-$1.otf"
}

main
