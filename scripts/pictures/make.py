"""Makes the pictures in docs/images: PROGRAM. Edits a copy of the templates, never the repository's."""
import pathlib
import shutil
import sys
import tempfile

from PIL import Image

import animation
from browser import by, expect, page
from picture import framed, photograph, resized
from program import Program

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
IMAGES = REPOSITORY / "docs/images"

# Picture, template and sample of each certificate in the guide.
CERTIFICATES = [
    ("completion", "completion", "ada"),
    ("completion-long", "completion", "long"),
    ("completion-arabic", "completion", "arabic"),
    ("diploma", "diploma", "ada"),
    ("transcript", "transcript", "ada"),
    ("badge", "badge", "ada"),
]
NAVY, GREEN = 'rgb("#1e3a5f")', 'rgb("#17594a")'


def main(binary):
    with tempfile.TemporaryDirectory() as folder:
        program = Program(binary, pathlib.Path(folder), REPOSITORY / "fonts")
        shutil.copytree(REPOSITORY / "templates", program.templates)
        certificates(program)
        preview(program)
        animation.record(program).save(IMAGES / "preview.webp")
        review(program)


def certificates(program):
    """Renders pages and social cards, and the page of a new template."""
    for name, template, sample in CERTIFICATES:
        save(program.render(template, sample), name, 640)
    for template in ["completion", "diploma", "transcript", "badge"]:
        save(program.render(template, "ada", "--social-card"), f"{template}-card", 480)
    program.run("new", "workshop")
    save(program.render("workshop", "ada"), "workshop-new", 640)


def preview(program):
    """Photographs the preview: a good page, a changed color, an error, a warning, and the grid."""
    main = program.templates / "completion/main.typ"
    with program.serve("preview", "completion") as url, page(url) as opened:
        opened.set_viewport_size({"width": 1120, "height": 640})
        wait_for(opened, "ok")
        save(photograph(opened), "preview", 1120)
        with edited(opened, main, NAVY, GREEN):
            save(photograph(opened), "preview-green", 1120)
            with edited(opened, main, "fit(data.userName", "fit(data.username", state="error"):
                save(photograph(opened), "preview-error", 1120)
        with edited(opened, main, 'rgb("#5c6470")', 'rgb("#9aa2ad")'):
            by(opened, "warnings").locator("summary").click()
            save(photograph(opened), "preview-warnings", 1120)

        by(opened, "template").select_option("transcript")
        wait_for(opened, "ok")
        for key in ["m", "g", "+", "+", "+"]:
            opened.keyboard.press(key)
        opened.evaluate("document.getElementById('desk').scrollTo(0, 0)")
        save(photograph(opened), "preview-grid", 1120)


def review(program):
    """Photographs the review of a changed color."""
    main = program.templates / "completion/main.typ"
    replace(main, NAVY, GREEN)
    with program.serve("review", "completion", "--web") as url, page(url) as opened:
        opened.set_viewport_size({"width": 1120, "height": 640})
        by(opened, "case").and_(opened.locator("[data-id='completion/ada.en']")).click()
        for mode in ["swipe", "difference"]:
            by(opened, f"mode-{mode}").click()
            opened.wait_for_timeout(500)
            save(photograph(opened), f"review-{mode}", 1120)


class edited:
    """Edits a file while a block runs. Waits until the preview shows the edit and, in the end, the page as it was."""

    def __init__(self, opened, file, old, new, state="ok"):
        self.opened, self.file, self.old, self.new, self.state = opened, file, old, new, state

    def __enter__(self):
        self.text, self.version = self.file.read_text(), by(self.opened, "status").get_attribute("data-version")
        replace(self.file, self.old, self.new)
        if self.state == "ok":
            expect(by(self.opened, "status")).not_to_have_attribute("data-version", self.version)
        wait_for(self.opened, self.state)

    def __exit__(self, *_):
        self.file.write_text(self.text)
        expect(by(self.opened, "status")).to_have_attribute("data-version", self.version)
        wait_for(self.opened, "ok")


def wait_for(opened, state):
    expect(by(opened, "status")).to_have_attribute("data-state", state)
    opened.wait_for_timeout(400)


def replace(file, old, new):
    text = file.read_text()
    assert text.count(old) == 1, f"{file} has {old} {text.count(old)} times"
    file.write_text(text.replace(old, new))


def save(image, name, width):
    """Writes a picture with its longer side as given, in 256 colors."""
    if image.height > image.width:
        width = round(width * image.width / image.height)
    small = framed(resized(image, width)).quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    small.save(IMAGES / f"{name}.png", optimize=True)
    print(name)


main(sys.argv[1])
