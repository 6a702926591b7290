"""A headless Chromium that fails on every error and warning of a page."""
import contextlib
import shutil

from playwright.sync_api import expect, sync_playwright

expect.set_options(timeout=20_000)


@contextlib.contextmanager
def page(url, expected=None):
    """Opens a page. Fails at the end if it logged errors or violated its content security policy.

    expected is the begin of the one error that the caller provokes.
    """
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    assert chromium, "Chromium is not installed"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        opened = browser.new_page(viewport={"width": 1280, "height": 800})
        opened.set_default_timeout(20_000)
        errors = []
        opened.on("console", lambda message: errors.append(message.text) if message.type in ("error", "warning") else None)
        opened.on("pageerror", lambda error: errors.append(str(error)))
        opened.on("dialog", lambda dialog: dialog.accept())
        opened.goto(url)
        yield opened
        browser.close()
    unexpected = [text for text in errors if not (expected and text.startswith(expected))]
    assert not unexpected, unexpected
    assert not expected or errors, f"expected: {expected}"


def by(opened, name):
    """Returns the elements with a test id."""
    return opened.get_by_test_id(name)
