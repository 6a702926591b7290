"""Helpers of all pictures: screenshots, scaling and the frame."""
import io

from PIL import Image, ImageOps

FRAME = (201, 204, 209)


def photograph(opened):
    """Returns the visible part of a web page, without the outline of a focused element."""
    opened.evaluate("document.activeElement.blur()")
    return Image.open(io.BytesIO(opened.screenshot())).convert("RGB")


def resized(image, width):
    return image.resize((width, round(image.height * width / image.width)), Image.Resampling.LANCZOS)


def framed(image):
    """Draws a frame along the edge, so that a white page ends visibly on a white ground."""
    return ImageOps.expand(ImageOps.crop(image, 1), 1, FRAME)
