"""Adds the standardized variants of Han to a font that has only their compatibility ideographs.

Usage: han_variants.py FONT

Testamur prints a compatibility ideograph as its standardized variant: U+F90A as U+91D1 U+FE00. Noto
has a glyph for U+F90A and no entry for the variant, so the entry is added to subtable 14 of `cmap`.
"""

import sys
import unicodedata
from collections import defaultdict

from fontTools.ttLib import TTFont

COMPATIBILITY_IDEOGRAPHS = [*range(0xF900, 0xFB00), *range(0x2F800, 0x2FA20)]
FIRST_SELECTOR = 0xFE00


def variants():
    """Yields each compatibility ideograph with its base and selector.

    The ideographs of a base have the selectors U+FE00, U+FE01 and so on, in their own order
    (Unicode, StandardizedVariants.txt).
    """
    counts = defaultdict(int)
    for ideograph in COMPATIBILITY_IDEOGRAPHS:
        composed = unicodedata.normalize("NFC", chr(ideograph))
        if ord(composed) != ideograph:
            yield ideograph, ord(composed), FIRST_SELECTOR + counts[composed]
            counts[composed] += 1


def add_variants(font):
    glyphs = font.getBestCmap()
    table = next(table for table in font["cmap"].tables if table.format == 14)
    for ideograph, base, selector in variants():
        entries = table.uvsDict.setdefault(selector, [])
        if ideograph in glyphs and all(known != base for known, _ in entries):
            # An entry without a glyph means the glyph of the base.
            glyph = glyphs[ideograph]
            entries.append((base, None if glyph == glyphs.get(base) else glyph))


def main():
    (path,) = sys.argv[1:]
    font = TTFont(path, recalcTimestamp=False)
    add_variants(font)
    font.save(path)


main()
