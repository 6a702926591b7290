"""Uses the preview as a designer does: URL TEMPLATE_FOLDER. Prints a line for each step."""
import json
import pathlib
import re
import sys

from browser import by, expect, page

url, folder = sys.argv[1], pathlib.Path(sys.argv[2])
main, sample = folder / "main.typ", folder / "samples" / "ada.json"
good = main.read_text()


def wait(opened, state):
    expect(by(opened, "status")).to_have_attribute("data-state", state)


def changed(opened, do):
    """Does something and waits until another version is shown."""
    before = by(opened, "status").get_attribute("data-version")
    do()
    expect(by(opened, "status")).not_to_have_attribute("data-version", before)
    wait(opened, "ok")


def source(opened):
    return by(opened, "page-image").first.get_attribute("src")


with page(url) as opened:
    wait(opened, "ok")
    print("opens", by(opened, "template").input_value(), by(opened, "sample").input_value())
    first = source(opened)

    changed(opened, lambda: main.write_text(good.replace("#0b6e5f", "#7a1fa2")))
    assert source(opened) != first
    changed(opened, lambda: main.write_text(good))
    assert source(opened) == first, "the same source produces the same images"
    print("a saved file is rendered again")

    main.write_text(good + "\n#unknown-thing\n")
    wait(opened, "error")
    diagnostic = by(opened, "diagnostic")
    expect(diagnostic).to_be_visible()
    line = good.count("\n") + 2
    expect(diagnostic).to_contain_text(f"main.typ:{line}:2")
    expect(diagnostic).to_contain_text("unknown variable: unknown-thing")
    expect(by(opened, "page-image").first).to_be_visible()
    assert source(opened) == first, "the last successful render stays"
    main.write_text(good)
    wait(opened, "ok")
    expect(diagnostic).to_be_hidden()
    print("an error is shown with the last successful render until it is fixed")

    changed(opened, lambda: by(opened, "locale").select_option("fr"))
    assert "locale=fr" in opened.url
    changed(opened, lambda: opened.keyboard.press("3"))
    image = by(opened, "page-image").first
    assert image.evaluate("image => [image.naturalWidth, image.naturalHeight]") == [1200, 630]
    changed(opened, lambda: opened.keyboard.press("2"))
    assert image.evaluate("image => [image.naturalWidth, image.naturalHeight]") == [1684, 1190]
    changed(opened, lambda: opened.keyboard.press("1"))
    changed(opened, lambda: by(opened, "locale").select_option(""))
    print("locale and output can be chosen")

    opened.keyboard.press("g")
    opened.keyboard.press("m")
    expect(by(opened, "overlay").first).to_be_visible()
    opened.reload()
    wait(opened, "ok")
    expect(by(opened, "overlay").first).to_be_visible()
    opened.keyboard.press("g")
    opened.keyboard.press("m")
    print("a reload keeps the overlays")

    for _ in range(6):
        opened.keyboard.press("+")
    opened.evaluate("() => document.getElementById('desk').scrollTo(90, 140)")
    changed(opened, lambda: main.write_text(good.replace("#0b6e5f", "#12345f")))
    assert opened.evaluate("() => { const desk = document.getElementById('desk'); return [desk.scrollLeft, desk.scrollTop] }") == [90, 140]
    changed(opened, lambda: main.write_text(good))
    opened.keyboard.press("0")
    print("an update keeps the scroll position")

    opened.keyboard.press("e")
    editor = by(opened, "editor")
    data = json.loads(editor.input_value())
    changed(opened, lambda: editor.fill(json.dumps({**data, "userName": "أدا <b>#read(\"x\")</b>"})))
    editor.fill(json.dumps({**data, "userName": 5}))
    wait(opened, "error")
    expect(by(opened, "editor-error").first).to_contain_text("userName")
    assert json.loads(sample.read_text())["userName"] == data["userName"], "edits are not saved automatically"
    editor.fill(json.dumps({**data, "userName": "Grace Hopper"}))
    wait(opened, "ok")
    with opened.expect_download() as download:
        by(opened, "download-pdf").click()
    download.value.save_as(folder / "download.pdf")
    editor.press("Control+s")
    expect(by(opened, "save")).to_be_disabled()
    assert json.loads(sample.read_text())["userName"] == "Grace Hopper"
    print("data can be edited, and is checked, downloaded and saved")

    for format, start in [("jpg", b"\xff\xd8\xff"), ("png", b"\x89PNG"), ("social-card", b"\xff\xd8\xff")]:
        with opened.expect_download() as download:
            by(opened, f"download-{format}").click()
        assert pathlib.Path(download.value.path()).read_bytes().startswith(start), format
    assert re.search(r"\.pdf|\.jpg", download.value.suggested_filename)
    print("every format can be downloaded")
