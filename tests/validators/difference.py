"""Prints how far two pictures of one size are apart: the mean difference of a channel, of 255, and the share of pixels
in which some channel differs by more than 64 even from the nearest neighbours, which rasterisers place differently."""
import sys
import numpy
from PIL import Image, ImageFilter

first, second = (Image.open(path).convert("RGB") for path in sys.argv[1:])
if first.size != second.size:
    second = second.crop((0, 0, *first.size))
a, b = (numpy.asarray(picture, dtype=int) for picture in (first, second))
low, high = (
    numpy.asarray(second.filter(kind(3)), dtype=int) for kind in (ImageFilter.MinFilter, ImageFilter.MaxFilter)
)
outside = numpy.maximum(low - a, a - high).clip(0)
print(f"{numpy.abs(a - b).mean():.3f} {(outside.max(axis=2) > 64).mean():.6f}")
