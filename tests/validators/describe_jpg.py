"""Decodes a JPEG with Pillow and prints its size, mode, resolution and the QR codes it shows."""
import sys
import zxingcpp
from PIL import Image

image = Image.open(sys.argv[1])
image.load()
print(image.format, *image.size, image.mode, *(round(float(dots)) for dots in image.info["dpi"]))
for code in zxingcpp.read_barcodes(image):
    print(code.text)
