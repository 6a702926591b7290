"""Reviews changed snapshots as a person does: URL [--decide]. Prints a line for each step."""
import sys

from browser import by, expect, page

url, decide = sys.argv[1], "--decide" in sys.argv


def difference(opened):
    """Returns how many pixels of the shown difference are marked."""
    return by(opened, "image-difference").evaluate(
        """async image => {
            await image.decode();
            const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight), context = canvas.getContext("2d");
            context.drawImage(image, 0, 0);
            const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
            let marked = 0;
            for (let i = 0; i < data.length; i += 4) marked += data[i] === 220 && data[i + 1] === 0 && data[i + 2] === 60;
            return marked;
        }"""
    )


with page(url) as opened:
    cases = by(opened, "case")
    print("shows", ", ".join(f"{case.get_attribute('data-id')} {case.get_attribute('data-status')}" for case in cases.all()))
    changed = cases.and_(opened.locator("[data-status=changed]")).first
    changed.click()
    expect(by(opened, "image-expected")).to_be_visible()
    expect(by(opened, "image-actual")).to_be_visible()
    by(opened, "mode-swipe").click()
    handle = by(opened, "swipe-handle")
    handle.focus()
    opened.keyboard.press("Home")
    assert handle.get_attribute("aria-valuenow") == "0"
    opened.keyboard.press("End")
    assert handle.get_attribute("aria-valuenow") == "100"
    by(opened, "mode-blend").click()
    by(opened, "blend-slider").fill("0.3")
    by(opened, "mode-difference").click()
    assert difference(opened) > 100, "the difference marks the changed pixels"
    print("side by side, swipe, blend and difference")
    if decide:
        expect(by(opened, "accept")).to_be_visible()
        for case in cases.all():
            case.click()
            decision = "reject" if case.get_attribute("data-status") == "stale" else "accept"
            by(opened, decision).click()
            expect(case).to_have_attribute("data-decision", decision)
        expect(by(opened, "finished")).to_be_visible()
        print("all decided")
    else:
        expect(by(opened, "accept")).to_be_hidden()
        print("has no buttons to decide")
