"""The documentation as a site, and the reference of all settings."""

import importlib.util
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).resolve().parents[1]
SITE = {"NO_MKDOCS_2_WARNING": "1", "DISABLE_MKDOCS_2_WARNING": "true"}


class Links(HTMLParser):
    """What a page fetches, where its links lead, and the places within it."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.linked: list[str] = []
        self.places: set[str] = set()
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {key: value for key, value in attrs if value}
        self.places |= {given[key] for key in ("id", "name") if key in given}
        if tag in ("img", "script", "source"):
            self.fetched += [given["src"]] if "src" in given else []
        if tag == "link" and given.get("rel") not in ("canonical", "next", "prev"):
            self.fetched.append(given["href"])
        if tag == "a" and "href" in given:
            self.linked.append(given["href"])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built with warnings as errors."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "-d", str(folder)]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **SITE},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.mark.slow
def test_site_needs_no_network_and_every_link_leads_somewhere(site: Path) -> None:
    pages = {page: Links(page) for page in site.rglob("*.html")}
    assert len(pages) > 15
    for page, links in pages.items():
        for one in links.fetched:
            assert not urlsplit(one).scheme, (page, one)
        if page.name == "404.html":
            continue  # its links begin at the root of a server
        for one in [*links.fetched, *links.linked]:
            parts = urlsplit(one)
            if parts.scheme:
                continue
            target = (page.parent / parts.path).resolve() if parts.path else page
            assert target.exists(), (page, one)
            if parts.fragment and target in pages:
                assert parts.fragment in pages[target].places | {"__skip"}, (page, one)


@pytest.mark.slow
def test_styles_fetch_nothing_from_elsewhere(site: Path) -> None:
    for style in site.rglob("*.css"):
        assert not re.findall(r"url\(['\"]?https?:", style.read_text(encoding="utf-8")), style


def test_reference_has_every_setting_with_its_meaning() -> None:
    spec = importlib.util.spec_from_file_location("settings_page", ROOT / "docs/settings.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    text = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
    assert text == module.page()
    assert not [line for line in text.splitlines() if line.endswith("|  |")]
    for key in ("seed", "data.crop", "trainer.threads", "model.kernel_sizes", "loss.epsilon"):
        assert f"| `{key}` | " in text
