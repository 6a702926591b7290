"""Records the preview below an editor: a designer changes a color and a word, and the page follows each save.

The preview is the real one. The editor is drawn; it shows what is in the files.
"""
import html
import re

from PIL import Image

from browser import by, expect, page
from picture import framed, photograph, resized

WIDTH = 900
EDITOR = {"width": WIDTH, "height": 152}
# The preview is laid out wider than the animation, so that its toolbar takes one line.
PREVIEW = {"width": 1120, "height": 640}
LINES = 5

STYLE = """
body { margin: 0; height: 100vh; background: #1f2430; color: #cbccc6; overflow: hidden; }
body { font: 15px/22px "DejaVu Sans Mono", monospace; }
nav { display: flex; background: #171b24; font-size: 13px; line-height: 20px; }
nav > * { padding: 5px 16px; font-weight: normal; color: #8a93a5; }
nav .open { background: #1f2430; color: #fff; box-shadow: inset 0 2px #e4bf4a; }
nav .state { margin-left: auto; }
nav .saved { color: #bae67e; }
ol { margin: 0; padding: 6px 0 0 56px; white-space: pre; }
li::marker { color: #5c6578; }
li { padding-left: 8px; }
li.current { background: #2a3140; }
u { text-decoration: none; background: #44659c; }
s { text-decoration: none; border-left: 2px solid #e4bf4a; margin-right: -2px; }
i { font-style: normal; }
.comment { color: #8a93a5; } .string { color: #bae67e; } .keyword { color: #ffa759; } .function { color: #73d0ff; }
"""
CURSOR = "\0"

TOKENS = {
    "comment": r"//.*$",
    "string": r'"[^"]*"',
    "keyword": r"#(?:let|set|show|import)\b",
    "function": r"\b[a-z][a-z-]*(?=\()",
}
TOKEN = re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in TOKENS.items()))


def record(program):
    """Plays the scene, restores the files and returns the recorder."""
    folder = program.templates / "completion"
    before = {file: (folder / file).read_text() for file in ["main.typ", "locales/en.toml"]}
    with program.serve("preview", "completion") as url, page(url) as opened:
        browser = opened.context.browser
        editor = browser.new_page(viewport=EDITOR, device_scale_factor=2)
        preview = browser.new_page(viewport=PREVIEW, device_scale_factor=2)
        preview.goto(url)
        settle(preview)
        recorder = Recorder(preview, editor, folder)
        recorder.replace("main.typ", '"#1e3a5f"', '"#86193a"', steps=[2, 5, 8])
        recorder.replace("locales/en.toml", "COMPLETION", "EXCELLENCE", steps=[2, 6, 10])
        recorder.choose_sample("arabic")
    for file, text in before.items():
        (folder / file).write_text(text)
    return recorder


class Recorder:
    """Takes a frame of both panes at each step."""

    def __init__(self, preview, editor, folder):
        self.preview, self.editor, self.folder = preview, editor, folder
        self.frames, self.durations = [], []

    def replace(self, file, old, new, steps):
        """Selects a word, types another one in steps, saves, and waits for the page."""
        path = self.folder / file
        lines = path.read_text().splitlines()
        number = next(number for number, line in enumerate(lines) if old in line)

        def show(text, milliseconds, saved=False, selected=""):
            shown = [*lines]
            shown[number] = lines[number].replace(old, text)
            self.editor.set_content(editor_page(file, shown, number, saved, selected))
            self.take(milliseconds)

        show(old, 1200, saved=True)
        show(old, 700, saved=True, selected=old.strip('"'))
        for length in steps:
            show(new[:length] + CURSOR + closing(old, length), 240)
        version = by(self.preview, "status").get_attribute("data-version")
        path.write_text(path.read_text().replace(lines[number], lines[number].replace(old, new)))
        expect(by(self.preview, "status")).not_to_have_attribute("data-version", version)
        settle(self.preview)
        show(new, 2200, saved=True)

    def choose_sample(self, name):
        by(self.preview, "sample").select_option(name)
        settle(self.preview)
        self.take(2600)

    def take(self, milliseconds):
        panes = [resized(photograph(pane), WIDTH) for pane in (self.editor, self.preview)]
        frame = Image.new("RGB", (WIDTH, sum(pane.height for pane in panes)))
        frame.paste(panes[0], (0, 0))
        frame.paste(panes[1], (0, panes[0].height))
        self.frames.append(framed(frame))
        self.durations.append(milliseconds)

    def save(self, path):
        """Writes an animated WebP without loss: unlike a GIF, it keeps the colors of the page."""
        first, *rest = self.frames
        first.save(path, save_all=True, append_images=rest, duration=self.durations, loop=0, lossless=True, method=6)


def closing(old, length):
    """The closing quotation mark, which an editor keeps behind the cursor."""
    return '"' if old.endswith('"') and length < len(old) else ""


def settle(preview):
    expect(by(preview, "status")).to_have_attribute("data-state", "ok")
    preview.wait_for_timeout(400)


def editor_page(file, lines, number, saved, selected):
    """An editor that shows the lines around one line of a file."""
    tabs = "".join(tab(name, "open" if name == file else "") for name in ["main.typ", "locales/en.toml"])
    state = "<span class='state saved'>saved</span>" if saved else "<span class=state>typing</span>"
    first = max(0, number - LINES // 2)
    items = []
    for i, line in enumerate(lines[first : first + LINES], first):
        content = colored(line).replace(CURSOR, "<s></s>")
        if i == number and selected:
            content = content.replace(selected, f"<u>{selected}</u>")
        items.append(f"<li class={'current' if i == number else 'other'}>{content or ' '}</li>")
    return f"<style>{STYLE}</style><nav>{tabs}{state}</nav><ol start={first + 1}>{''.join(items)}</ol>"


def tab(name, kind):
    return f"<b class='{kind}'>{name}</b>"


def colored(line):
    """A line as HTML, with its tokens colored."""
    result, end = "", 0
    for token in TOKEN.finditer(line):
        result += html.escape(line[end : token.start()], quote=False)
        result += f"<i class={token.lastgroup}>{html.escape(token.group(), quote=False)}</i>"
        end = token.end()
    return result + html.escape(line[end:], quote=False)
