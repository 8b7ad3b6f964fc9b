"""Every page in a real browser, from the file system with the network off."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PHONE = {"width": 360, "height": 740}
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None,
        reason="no Chromium here: install Debian's package chromium to run the browser tests",
    ),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def addresses(built: Path) -> list[str]:
    """Every page, but of the missions' only some: those are alike."""
    site = built / "site"
    missions = sorted(site.glob("*/missions/*.html"))
    left_out = set(missions) - set(missions[::6])
    return [path.as_uri() for path in sorted(site.rglob("*.html")) if path not in left_out]


def visit(browser: Browser, addresses: list[str], **options: Any) -> Iterator[tuple[str, Page, list[str]]]:
    """Each page once it is loaded, with what it asked for and complained of until then."""
    context = browser.new_context(offline=True, **options)
    page = context.new_page()
    heard: list[str] = []
    page.on("console", lambda message: heard.append(message.text))
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("request", lambda request: None if request.url.startswith("file:") else heard.append(request.url))
    for address in addresses:
        page.goto(address)
        heard_here, heard[:] = heard.copy(), []
        yield address, page, heard_here
    context.close()


def test_on_a_phone_nothing_is_asked_complained_of_or_too_wide(
    browser: Browser, addresses: list[str]
) -> None:
    assert len(addresses) > 15
    for address, page, heard in visit(browser, addresses, viewport=PHONE):
        page.wait_for_function(
            "document.querySelectorAll('[data-chart]').length"
            " === document.querySelectorAll('[data-live]').length"
        )
        assert heard == [], address
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], address
        assert page.title()
        assert page.locator("main h1").count() == 1 or page.locator("h1").count() == 1


def text(address: str) -> str:
    """The page as it is written."""
    return Path(url2pathname(urlsplit(address).path)).read_text(encoding="utf-8")


def test_without_script_the_charts_are_there(browser: Browser, addresses: list[str]) -> None:
    drawn = 0
    charted = [a for a in addresses if ("/missions/" in a or "/editions/" in a) and "data-chart" in text(a)]
    assert len(charted) > 4
    for address, page, heard in visit(browser, charted, java_script_enabled=False):
        assert heard == [], address
        figures = page.locator("figure.chart svg")
        drawn += figures.count()
        for number in range(figures.count()):
            box = figures.nth(number).bounding_box()
            assert box
            assert box["width"] > 200
            assert box["height"] > 100
    assert drawn >= len(charted)


def test_the_live_chart_draws_what_the_table_says(browser: Browser, addresses: list[str]) -> None:
    """A bar for each figure that is not nought, as high as its number."""
    (address,) = [a for a in addresses if "/en/editions/2024" in a]
    for _, page, _ in visit(browser, [address]):
        page.wait_for_selector("[data-live]")
        spec = json.loads(page.locator("script[type='application/json']").text_content() or "{}")
        (rows,) = spec["datasets"].values()
        drawn = page.evaluate(
            "[...document.querySelectorAll('.mark-rect path')]"
            ".map(path => path.getBBox().width).sort((a, b) => a - b)"
        )
        expected = sorted(row["persons"] for row in rows)
        assert len(drawn) == len(expected)
        assert [round(width / drawn[-1], 2) for width in drawn] == [
            round(persons / expected[-1], 2) for persons in expected
        ]


@pytest.mark.parametrize(("tree", "scheme"), [("nl", "light"), ("en", "dark")])
def test_axe_finds_no_violations(browser: Browser, addresses: list[str], tree: str, scheme: str) -> None:
    """Each kind of page once in light; in dark, where colours alone differ, the short ones."""
    axe = pytest.importorskip(
        "axe_playwright_python", reason="no axe-core here: pip install axe-playwright-python"
    )
    script = resources.files(axe).joinpath("axe.min.js").read_text(encoding="utf-8")
    own = [address for address in addresses if f"/{tree}/" in address]
    missions = [address for address in own if "/missions/" in address]
    long = ("/evidence/", "/dictionary.html") if scheme == "dark" else ()
    chosen = [a for a in own if a not in missions[1:] and not any(part in a for part in long)]
    for address, page, _ in visit(browser, chosen, color_scheme=scheme):
        page.evaluate(script)
        found = page.evaluate("axe.run({resultTypes: ['violations']})")
        reported = [(v["id"], [node["html"][:160] for node in v["nodes"][:3]]) for v in found["violations"]]
        assert reported == [], address
        assert found["passes"]


def test_it_can_be_used_by_keyboard(browser: Browser, addresses: list[str]) -> None:
    (front,) = [a for a in addresses if a.endswith("nl/index.html")]
    for _, page, _ in visit(browser, [front]):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "main"
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.closest('main') !== null")


def test_it_prints_without_navigation(browser: Browser, addresses: list[str]) -> None:
    (front,) = [a for a in addresses if a.endswith("nl/index.html")]
    for _, page, _ in visit(browser, [front]):
        page.emulate_media(media="print")
        assert not page.locator("header nav").is_visible()
        assert page.locator("main table").first.is_visible()
        assert page.evaluate("getComputedStyle(document.documentElement).color") == "rgb(0, 0, 0)"
