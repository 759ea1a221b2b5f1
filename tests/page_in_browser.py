"""The report's page, opened in a real browser from disk."""

import shutil
from contextlib import contextmanager

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
EXECUTABLE = next(filter(None, map(shutil.which, BROWSERS)), None)
WIDTHS = (1280, 390)  # pixels: a desk and a phone

needs_browser = pytest.mark.skipif(
    EXECUTABLE is None, reason=f"no browser is installed, none of {', '.join(BROWSERS)}"
)


@contextmanager
def open_browser():
    """A browser without a window."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=EXECUTABLE, args=["--no-sandbox"])
        yield browser
        browser.close()


def opened(browser, address, **settings):
    """The page in a tab; it must have asked for nothing and complained of nothing in the end."""
    tab = browser.new_page(**settings)
    complaints, requests = [], []
    tab.on("console", lambda message: complaints.append(message.text))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.on("request", lambda request: requests.append(request.url))
    tab.goto(address)
    tab.wait_for_function("document.querySelector('.map-right-text').textContent")
    yield tab
    assert complaints == []
    assert [url for url in requests if not url.startswith("data:")] == [address]
    tab.close()
