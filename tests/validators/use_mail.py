"""Previews or reviews the e-mail as a designer does: preview URL FOLDER, or review URL. Prints a line for each step."""
import pathlib
import sys

from browser import by, expect, page

url = sys.argv[2]


def wait(opened, state):
    expect(by(opened, "status")).to_have_attribute("data-state", state)


def color(opened, selector):
    """Returns the background of an element of the e-mail."""
    element = opened.frame_locator("[data-testid=mail-frame]").locator(selector).first
    return element.evaluate("element => getComputedStyle(element).backgroundColor")


def overflow(opened):
    """Returns by how many pixels the e-mail is wider than its frame."""
    body = opened.frame_locator("[data-testid=mail-frame]").locator("body")
    return body.evaluate("() => document.documentElement.scrollWidth - innerWidth")


def preview(folder):
    with page(url, "Blocked script execution") as opened:
        wait(opened, "ok")
        frame = by(opened, "mail-frame")
        print("opens", by(opened, "template").input_value(), by(opened, "sample").input_value())
        by(opened, "locale").select_option("en")
        expect(by(opened, "mail-subject")).to_have_text("Your certificate for Foundations of Analytical Engines")
        assert frame.get_attribute("sandbox") == "allow-popups allow-popups-to-escape-sandbox"
        inside = opened.frame_locator("[data-testid=mail-frame]")
        expect(inside.locator("body")).to_contain_text("Congratulations")
        print("shows the subject and the HTML in a sandbox")

        for width in [600, 375]:
            assert frame.evaluate("frame => frame.clientWidth") == width
            for sample in ["ada", "long", "arabic", "markup"]:
                by(opened, "sample").select_option(sample)
                wait(opened, "ok")
                expect(inside.locator("body")).to_be_visible()
                assert overflow(opened) <= 0, (width, sample)
            opened.keyboard.press("w")
        opened.keyboard.press("w")
        print("fits 600 and 375 pixels")

        by(opened, "sample").select_option("ada")
        wait(opened, "ok")
        light = color(opened, ".card")
        opened.keyboard.press("d")
        expect(inside.locator("body")).to_be_visible()
        dark = color(opened, ".card")
        assert (light, dark) == ("rgb(255, 255, 255)", "rgb(29, 35, 44)"), (light, dark)
        opened.reload()
        wait(opened, "ok")
        assert color(opened, ".card") == dark
        opened.keyboard.press("d")
        print("light and dark")

        strings = folder / "locales/en.toml"
        good = strings.read_text()
        strings.write_text(good.replace("Congratulations", "Well done"))
        expect(inside.locator("body")).to_contain_text("Well done")
        strings.write_text(good)
        expect(inside.locator("body")).to_contain_text("Congratulations")
        html = folder / "body.html"
        good = html.read_text()
        html.write_text(good.replace("strings.open", "strings.opne"))
        wait(opened, "error")
        expect(by(opened, "diagnostic")).to_contain_text("body.html:52: unknown string `opne`")
        expect(inside.locator("body")).to_contain_text("Congratulations")
        html.write_text(good.replace("<body", "<script>document.title = parent.title = 'run'</script><body"))
        wait(opened, "ok")
        assert inside.locator("html").evaluate("() => document.title") != "run"
        html.write_text(good)
        wait(opened, "ok")
        print("follows every save, names errors, and runs no script")

        opened.keyboard.press("2")
        expect(by(opened, "mail-text")).to_contain_text("Open your certificate:")
        opened.keyboard.press("e")
        editor = by(opened, "editor")
        editor.fill(editor.input_value().replace("Ada Lovelace", "Grace <b>Hopper"))
        expect(by(opened, "mail-text")).to_contain_text("Grace <b>Hopper")
        editor.fill(editor.input_value().replace("userName", "usrName"))
        wait(opened, "error")
        expect(by(opened, "diagnostic")).to_contain_text("userName: missing")
        by(opened, "revert").click()
        wait(opened, "ok")
        print("shows the text, and data can be edited")


def review():
    with page(url) as opened:
        cases = by(opened, "case")
        print("shows", ", ".join(f"{case.get_attribute('data-id')} {case.get_attribute('data-status')}" for case in cases.all()))
        html, text = cases.nth(0), cases.nth(1)
        html.click()
        for name, word in [("expected", "Congratulations"), ("actual", "Well done")]:
            frame = by(opened, f"text-{name}")
            assert frame.get_attribute("sandbox") == ""
            expect(opened.frame_locator(f"[data-testid=text-{name}]").locator("body")).to_contain_text(word)
        by(opened, "mode-difference").click()
        expect(by(opened, "text-difference")).to_contain_text("+          Well done")
        expect(by(opened, "mode-swipe")).to_be_disabled()
        text.click()
        by(opened, "mode-side").click()
        expect(by(opened, "text-actual")).to_contain_text("Well done")
        print("side by side and difference")
        for case in cases.all():
            case.click()
            by(opened, "accept").click()
            expect(case).to_have_attribute("data-decision", "accept")
        expect(by(opened, "finished")).to_be_visible()
        print("all decided")


if sys.argv[1] == "preview":
    preview(pathlib.Path(sys.argv[3]))
else:
    review()
