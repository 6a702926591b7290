"""What the browser witnesses share: a headless Chromium that reports every complaint of a page."""
import contextlib
import shutil

from playwright.sync_api import expect, sync_playwright

expect.set_options(timeout=20_000)


@contextlib.contextmanager
def page(url):
    """Opens a page; fails in the end if it complained on the console or broke its own content security policy."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    assert chromium, "no chromium: the README's tests need it"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        opened = browser.new_page(viewport={"width": 1280, "height": 800})
        opened.set_default_timeout(20_000)
        complaints = []
        opened.on("console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None)
        opened.on("pageerror", lambda error: complaints.append(str(error)))
        opened.on("dialog", lambda dialog: dialog.accept())
        opened.goto(url)
        yield opened
        browser.close()
    assert not complaints, complaints


def by(opened, name):
    """The elements with a test id."""
    return opened.get_by_test_id(name)
