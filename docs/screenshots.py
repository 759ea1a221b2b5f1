"""Write docs/images/: the report's page at two widths, its figures, and TensorBoard with a sweep.

Run as `make screenshots`, with Chromium or Chrome installed, for runs whose pictures are there.
"""

import argparse
import contextlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from figures import IMAGES, copy_figures, make_report, save
from playwright.sync_api import Browser, Page, sync_playwright

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WIDTHS = {"wide": (1280, 1600), "phone": (390, 844)}


def find_browser() -> str:
    """The path of an installed browser."""
    for name in BROWSERS:
        path = shutil.which(name)
        if path:
            return path
    sys.exit(f"No browser is installed; install one of {', '.join(BROWSERS)}.")


def shoot_report(browser: Browser, report: Path) -> None:
    """The page's top and its slider, and its first section in the dark, wide and on a phone."""
    for kind, (width, height) in WIDTHS.items():
        for scheme in ("light", "dark"):
            page = browser.new_page(
                viewport={"width": width, "height": height},
                color_scheme=scheme,
                reduced_motion="reduce",  # it would still be scrolling
            )
            page.goto((report / "index.html").resolve().as_uri())
            page.wait_for_function("document.querySelector('.map-right')?.dataset.wanted")
            page.wait_for_timeout(500)  # decoding the pictures
            if scheme == "light":
                save(page.screenshot(), f"report_{kind}")
                shoot_part(page, ".pictures", f"slider_{kind}", height)
            else:
                shoot_part(page, "section", f"report_{kind}_dark", height)
            page.close()


def shoot_part(page: Page, selector: str, name: str, height: int) -> None:
    """From an element down, one screen high."""
    page.locator(selector).first.evaluate("element => element.scrollIntoView()")
    page.wait_for_timeout(500)  # pictures that load when they come into view
    save(page.screenshot(), name)


@contextlib.contextmanager
def tensorboard(logdir: Path) -> Iterator[str]:
    """A server on a free port of loopback; yields its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(logdir)]
    with subprocess.Popen(
        [*command, "--host", "127.0.0.1", "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as server:
        address = f"http://127.0.0.1:{port}/"
        try:
            for _ in range(120):
                with contextlib.suppress(OSError):
                    runs = urllib.request.urlopen(f"{address}data/runs", timeout=5).read()
                    if runs.strip() != b"[]":
                        break
                time.sleep(0.5)
            yield address
        finally:
            server.terminate()


def shoot_tensorboard(browser: Browser, logdir: Path) -> None:
    """A sweep's curves side by side, its runs as rows, its pictures."""
    with tensorboard(logdir) as address:
        for tab, name in (
            ("custom_scalars", "tensorboard_curves"),
            ("hparams", "tensorboard_hparams"),
            ("images", "tensorboard_images"),
        ):
            page = browser.new_page(viewport={"width": 1400, "height": 900})
            page.goto(f"{address}?darkMode=false#{tab}")
            page.wait_for_timeout(8000)  # it draws bit by bit, and says nothing when it is done
            save(page.screenshot(), name)
            page.close()


def main() -> None:
    """One command for all of docs/images."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("outputs", type=Path, help="the runs to show")
    parser.add_argument("--sweep", type=Path, help="for TensorBoard; OUTPUTS/lr_grid by default")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report"
        make_report(options.outputs, report)
        copy_figures(report)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=find_browser(), args=["--no-sandbox"]
            )
            shoot_report(browser, report)
            shoot_tensorboard(browser, options.sweep or options.outputs / "lr_grid")
            browser.close()
    for path in sorted(IMAGES.glob("*.webp")):
        print(f"{path.relative_to(IMAGES.parent.parent)}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
