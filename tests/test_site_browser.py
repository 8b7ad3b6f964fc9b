"""Every page in a real browser, from the file system with the network off."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pipelines import files, site
from pipelines.publish import published
from tests.support import ten_editions
from tests.support.building import publish

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PHONE = {"width": 360, "height": 740}
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def ten(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of ten editions."""
    folder = tmp_path_factory.mktemp("ten")
    with published.connect(publish(folder / "jvom.duckdb", ten_editions.tables())) as connection:
        files.put_folder(folder / "site", site.build(connection, assets={"source": []}), "ten")
    return folder / "site"


@pytest.fixture(scope="module")
def addresses(built: Path, ten: Path) -> list[str]:
    """Every page, but of the missions' only some: those are alike; of ten editions one page of each kind."""
    pages = built / "site"
    missions = sorted(path for path in pages.glob("*/missions/*.html") if path.stem != "index")
    left_out = set(missions) - set(missions[::9])
    kinds = (
        "index",
        "editions/index",
        "editions/2017",
        "missions/index",
        "missions/minusma",
        "about",
        "where",
    )
    kinds += ("regions/afrika", "organisations/un", "evidence/2017", "changes")
    others = [ten / tree / f"{kind}.html" for tree in ("nl", "en") for kind in kinds]
    return [path.as_uri() for path in (*sorted(pages.rglob("*.html")), *others) if path not in left_out]


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


# Right edges of the first figures that show, on the page.
FIRST_FIGURES = """[...document.querySelectorAll('td.first, ul.figures b')].filter(e => e.checkVisibility())
    .map(e => e.getBoundingClientRect().right)"""


def test_on_a_phone_a_page_fits_asks_nothing_and_has_its_number_first(
    browser: Browser, addresses: list[str]
) -> None:
    """It is short as well, where not all of everything is listed, folded: the evidence, a dictionary."""
    assert len(addresses) > 15
    for address, page, heard in visit(browser, addresses, viewport=PHONE):
        assert heard == [], address
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], address
        assert page.title()
        assert page.locator("main h1").count() == 1 or page.locator("h1").count() == 1
        if not any(part in address for part in ("evidence/", "dictionary", "lineage")):
            assert page.evaluate("document.documentElement.scrollHeight") < 7000, address
            assert all(edge < PHONE["width"] / 2 for edge in page.evaluate(FIRST_FIGURES)), address


# For each drawing its width, and how far its marks and letters lie beyond its left and right edge.
DRAWN = """[...document.querySelectorAll('.drawing')].filter(e => e.checkVisibility()).map(drawing => {
    const whole = drawing.getBoundingClientRect()
    const marks = [...drawing.querySelectorAll('rect, circle, text')].filter(mark => mark.checkVisibility())
        .map(mark => mark.getBoundingClientRect())
    return [whole.width, Math.max(0, ...marks.flatMap(m => [whole.left - m.left, m.right - whole.right]))]
})"""


def test_without_script_the_charts_are_there(browser: Browser, addresses: list[str]) -> None:
    """No mark and no letter beyond the drawing, on a phone either."""
    drawn = 0
    with_charts = [a for a in addresses if 'class="drawing"' in Path(a.removeprefix("file://")).read_text()]
    for address, page, heard in visit(browser, with_charts, java_script_enabled=False, viewport=PHONE):
        assert heard == [], address
        for viewport in (PHONE, {"width": 1280, "height": 800}):
            page.set_viewport_size(viewport)
            for wide, beyond in page.evaluate(DRAWN):
                drawn += 1
                assert wide > 200, address
                assert beyond <= 1, address
    assert drawn > 20


def test_missions_are_found_sorted_and_folded(browser: Browser, addresses: list[str]) -> None:
    address, *_ = [a for a in addresses if a.endswith("en/missions/index.html")]
    for _, page, _ in visit(browser, [address]):
        shown = page.locator("tr.mission:visible th a")
        assert shown.first.text_content() == "NATO eastern flank"
        listed = shown.count()
        page.locator("input[type=search]").fill("Lebanon united")
        assert shown.all_text_contents() == ["UNTSO", "UNIFIL", "UNIFIL MTF"]
        page.locator("input[type=search]").fill("mali")  # the start of a word, so not Somalia
        assert shown.all_text_contents() == ["MINUSMA", "EUTM Mali"]
        page.locator("input[type=search]").fill("un")  # so short it is a whole word, or the start of a name
        assert not any(name.startswith("EU") for name in shown.all_text_contents())
        page.locator("input[type=search]").fill("kunduz")  # only in other sources: its fold opens
        assert shown.count() == 1
        page.locator("input[type=search]").fill("")
        assert shown.count() == listed
        page.locator("thead button").first.click()
        assert shown.first.text_content() == "Anti-ISIS coalition and Iraq"


def test_an_address_opens_what_it_leads_to(browser: Browser, addresses: list[str]) -> None:
    """The line on the evidence page, with the figure marked; and a citation can be copied."""
    (address,) = [a for a in addresses if "/en/evidence/2024" in a]
    for _, page, _ in visit(browser, [f"{address}#personnel.untso.deployed_military"]):
        cell = page.locator("[id='personnel.untso.deployed_military']")
        assert cell.is_visible()
        assert cell.locator("mark").text_content() == "32"
        assert page.evaluate("document.querySelectorAll('details[open]').length") == 1


def test_the_file_of_an_edition_prints_whole(browser: Browser, addresses: list[str], tmp_path: Path) -> None:
    """Every printed cell of the evidence, though it is folded on the screen."""
    import pypdfium2

    (address,) = [a for a in addresses if "/nl/evidence/2024" in a]
    for _, page, _ in visit(browser, [address]):
        page.pdf(path=tmp_path / "evidence.pdf")
        cells = page.locator(".cells b.printed").all_text_contents()
    with pypdfium2.PdfDocument(tmp_path / "evidence.pdf") as document:
        text = "".join(page.get_textpage().get_text_range() for page in document)
    plain = "".join(text.split())
    assert len(cells) > 150
    assert [cell for cell in cells if "".join(cell.split()) not in plain] == []


def test_a_chart_can_be_taken_as_png(browser: Browser, addresses: list[str], tmp_path: Path) -> None:
    """The same as its SVG, twice as large, in the colours of light."""
    from PIL import Image

    (address,) = [a for a in addresses if "/en/editions/2024" in a]
    for _, page, _ in visit(browser, [address], color_scheme="dark"):
        page.locator("details.take summary").first.click()
        with page.expect_download() as found:
            page.locator("button.png").first.click()
        assert found.value.suggested_filename == "edition-2024.png"
        found.value.save_as(tmp_path / "chart.png")
    with Image.open(tmp_path / "chart.png") as picture:
        assert picture.width == 2 * 720
        colours = {colour for _, colour in picture.convert("RGB").getcolors(maxcolors=2**24)}
    assert {(0x0B, 0x53, 0x94), (0xD0, 0x7A, 0x2D), (0xFD, 0xFC, 0xFA)} <= colours


@pytest.mark.parametrize(
    ("tree", "scheme", "media"),
    [("nl", "light", "screen"), ("en", "dark", "screen"), ("en", "light", "print")],
)
def test_axe_finds_no_violations(
    browser: Browser, addresses: list[str], ten: Path, tree: str, scheme: str, media: Any
) -> None:
    """Each kind of page, with one edition and with ten; in the dark and on paper with ten alone."""
    axe = pytest.importorskip(
        "axe_playwright_python", reason="no axe-core here: pip install axe-playwright-python"
    )
    script = resources.files(axe).joinpath("axe.min.js").read_text(encoding="utf-8")
    own = [address for address in addresses if f"/{tree}/" in address]
    missions = [address for address in own if "/missions/" in address and "minusma" not in address]
    usual = (scheme, media) == ("light", "screen")
    chosen = [a for a in own if a not in missions[1:] and (usual or a.startswith(ten.as_uri()))]
    for address, page, _ in visit(browser, chosen, color_scheme=scheme):
        page.emulate_media(media=media)
        page.evaluate(script)
        found = page.evaluate("axe.run({resultTypes: ['violations']})")
        reported = [(v["id"], [node["html"][:160] for node in v["nodes"][:3]]) for v in found["violations"]]
        assert reported == [], address
        assert found["passes"]


def test_it_can_be_used_by_keyboard(browser: Browser, addresses: list[str]) -> None:
    front, *_ = [a for a in addresses if a.endswith("nl/index.html")]
    for _, page, _ in visit(browser, [front]):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "main"
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.closest('main') !== null")


def test_it_prints_without_navigation(browser: Browser, addresses: list[str]) -> None:
    front, *_ = [a for a in addresses if a.endswith("nl/index.html")]
    for _, page, _ in visit(browser, [front]):
        page.emulate_media(media="print")
        assert not page.locator("header nav").is_visible()
        assert page.locator("main figure.chart").first.is_visible()
        assert page.evaluate("getComputedStyle(document.documentElement).color") == "rgb(0, 0, 0)"
