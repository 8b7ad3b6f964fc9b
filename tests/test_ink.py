"""What is read of a PDF is what its pages show: characters may be hidden, covered, mixed, or lie."""

import random
import re
from collections.abc import Callable
from functools import partial
from io import BytesIO

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name

from tests.campaign import pdfs
from tests.campaign.pdfs import PlantedPdf, Sheet
from tests.campaign.run import DEVELOPMENT, judge, run
from tests.support.cases import cases

READ, CHANGED, REFUSED = "as before", "as changed", "refused"


def planted(kind: str) -> PlantedPdf:
    """A PDF with one change of a kind, of the first look that has a place for it."""
    first = [name for name, _ in pdfs.KINDS].index(kind)
    seeds = range(first, 10_000, len(pdfs.KINDS))
    return next(found for seed in seeds if (found := pdfs.planted(seed, DEVELOPMENT[:1])))


@cases("kind", "outcome", "words")
def test_what_is_read_is_what_is_shown(kind: str, outcome: str, words: str) -> None:
    found = judge(planted(kind))
    assert (found.outcome, words in found.words) == (outcome, True), found.words


@pytest.mark.campaign
@cases("seed", "words")
def test_what_a_campaign_found_is_refused(seed: int, words: str) -> None:
    found = run(("pdf", seed))
    assert found
    assert found[0].outcome == REFUSED
    assert re.search(words, found[0].words), found[0].words


@pytest.mark.campaign
@cases("seed")
def test_what_a_campaign_found_is_read(seed: int) -> None:
    found = run(("pdf", seed))
    assert found
    assert found[0].outcome == READ, found[0].words


def _shape(sheet: Sheet, entries: str) -> None:
    """A note without an appearance, over the cell."""
    place = f"[{sheet.box.left} {sheet.box.bottom} {sheet.box.right} {sheet.box.top}]"
    made = pikepdf.Object.parse(f"<< /F 4 /Rect {place} /IC [0 0 0] /C [0 0 0] {entries} >>".encode())
    sheet.page.obj.Annots = Array([sheet.pdf.make_indirect(made)])


def _mirrored(sheet: Sheet) -> None:
    at = sheet.box
    sheet.draw(f"BT /CampaignFont 9 Tf 1 0 0 -1 {at.left} {at.top} Tm (38) Tj ET")


def _on_a_layer(sheet: Sheet) -> None:
    sheet.annotation("21")
    sheet.page.obj.Annots[0].OC = sheet.layer(on=False)


def _of_another_value(sheet: Sheet) -> None:
    sheet.annotation("7", field=True)
    sheet.page.obj.Annots[0].V = pikepdf.String("71")


def _covered_name(sheet: Sheet) -> None:
    """But for a hair."""
    left = min(cell.box.left for cell in sheet.base.cells if cell.box.page == sheet.box.page)
    sheet.draw(sheet.rectangle(box=sheet.box._replace(left=20, right=left - 30, top=sheet.box.top - 2)))


def _split(sheet: Sheet) -> None:
    """But for both its sides."""
    sheet.draw(
        sheet.rectangle(box=sheet.box._replace(left=sheet.box.left + 1.4, right=sheet.box.right - 1.4))
    )


def _on_its_own_colour(sheet: Sheet) -> None:
    colour = ".8 .9 1 rg"
    sheet.draw(sheet.rectangle(colour) + sheet.words("21", state=colour))


def _shape_on_a_page_that_lies(sheet: Sheet) -> None:
    """On its side, so that it is read turned."""
    _shape(sheet, "/Subtype /Square")
    sheet.page.obj.Rotate = 90


def _of_another_field(sheet: Sheet) -> None:
    sheet.annotation("7", field=True)
    note = sheet.page.obj.Annots[0]
    note.Parent = sheet.pdf.make_indirect(Dictionary(V=note.V))
    del note["/V"]


def _upright_twice_turned(sheet: Sheet) -> None:
    at = sheet.box
    sheet.draw(f"BT /CampaignFont -{sheet.size} Tf -1 0 0 -1 {at.left} {at.bottom} Tm (21) Tj ET")


def _parted(sheet: Sheet) -> None:
    at, middle = sheet.box, sheet.box.left + 0.556 * sheet.size
    sheet.draw(f"{sheet.words('21')} {middle} {at.bottom - 3} m {middle} {at.top + 3} l S")


def _lined(sheet: Sheet, *heights: float) -> None:
    """With lines under it, or over it."""
    at = sheet.box
    sheet.draw("".join(f"{at.left} {at.bottom + y} m {at.right} {at.bottom + y} l S " for y in heights))


def _minus_drawn(sheet: Sheet) -> None:
    at, middle = sheet.box, (sheet.box.bottom + sheet.box.top) / 2
    sheet.draw(f".7 w {at.left - 1.6 * sheet.size} {middle} m {at.left - 1} {middle} l S")


def _one_drawn(sheet: Sheet, height: float) -> None:
    at = sheet.box
    sheet.draw(f".6 w {at.left + 8} {at.bottom} m {at.left + 8} {at.bottom + height * sheet.size} l S")


def _one_beside_a_line(sheet: Sheet) -> None:
    """A 1 so near to a line as a wide line would reach."""
    left, foot, size = sheet.box.left + 12, sheet.box.bottom, sheet.size
    line = f".5 w {left} {foot - size} m {left} {foot + 1.6 * size} l S"
    sheet.draw(f"{line} .6 w {left + 1.4} {foot} m {left + 1.4} {foot + 0.7 * size} l S")


def _seven_drawn(sheet: Sheet, grey: float, under: str = "") -> None:
    at, high = sheet.box, 0.75 * sheet.size
    corners = f"{at.left} {at.bottom + high} m {at.left + 4} {at.bottom + high} l {at.left + 1} {at.bottom} l"
    sheet.draw(f"{grey} G .8 w {under} {corners} S")


def _ticked(sheet: Sheet) -> None:
    """A tick whose code is that of a 4, as in fonts of signs."""
    font = sheet.page.obj.Resources.Font.CampaignFont
    mapped = b"1 begincodespacerange <00> <ff> endcodespacerange 1 beginbfchar <34> <0034> endbfchar"
    font.BaseFont, font.ToUnicode = Name.ZapfDingbats, sheet.pdf.make_stream(mapped)
    sheet.draw(sheet.words("4"))


def _of_two_sizes(sheet: Sheet) -> None:
    sheet.draw(sheet.words("2") + sheet.words("1", sheet.box.moved(x=0.556 * sheet.size), size=3))


def _set_back(sheet: Sheet, by: int) -> None:
    """Two digits of one text, nearer than they are wide."""
    sheet.draw(sheet.words(f"2) {by} (1").replace("(2", "[(2").replace("1) Tj", "1)] TJ"))


def _raised_alone(sheet: Sheet) -> None:
    sheet.page.obj.Resources.Font.CampaignFont.Encoding = Name.WinAnsiEncoding
    sheet.draw(sheet.words("²"))


def _two_on_a_sheet(sheet: Sheet) -> None:
    first = sheet.pdf.pages[0]
    width, height = first.mediabox[2:]
    with pikepdf.open(BytesIO(sheet.saved())) as other:
        one = sheet.pdf.copy_foreign(other.pages[0].as_form_xobject())
        form = sheet.pdf.make_stream(one.read_bytes(), dict(one))
    first.obj.Resources = Dictionary(XObject=Dictionary(One=form))
    first.obj.MediaBox = Array([0, 0, 2 * width, height])
    first.obj.Contents = sheet.pdf.make_stream(f"q /One Do Q 1 0 0 1 {width} 0 cm /One Do".encode())


def _tilted(sheet: Sheet) -> None:
    """By a degree, as a sheet in a feeder."""
    sheet.page.contents_add(b"q .99985 .01745 -.01745 .99985 5 -5 cm ", prepend=True)
    sheet.page.contents_add(b" Q")


def _off_its_row(sheet: Sheet, up: float, size: float) -> None:
    sheet.draw(sheet.words("21", sheet.box.moved(y=up * sheet.size), size=size * sheet.size))


def _of_two_heights(sheet: Sheet, size: float) -> None:
    beside = sheet.box.moved(x=0.556 * sheet.size, y=0.15 * sheet.size)
    sheet.draw(sheet.words("2") + sheet.words("1", beside, size=size * sheet.size))


def _rounded(sheet: Sheet, paint: str) -> None:
    """A box around the cell, with corners as round as a figure is high."""
    (_, left, low, _, high), r = sheet.box, 0.6 * sheet.size
    left, low, right, high = left - 3, low - 4, left + 3 * sheet.size, high + 4
    sides = [
        f"{left + r} {low} m {right - r} {low} l {right} {low} {right} {low} {right} {low + r} c",
        f"{right} {high - r} l {right} {high} {right} {high} {right - r} {high} c",
        f"{left + r} {high} l {left} {high} {left} {high} {left} {high - r} c",
        f"{left} {low + r} l {left} {low} {left} {low} {left + r} {low} c h",
    ]
    sheet.draw(" ".join((".7 w", *sides, paint)))


def _emptied(sheet: Sheet) -> None:
    del sheet.page.obj["/Contents"]


def _each_as_the_next(sheet: Sheet) -> None:
    """Fonts that give each letter out as the next one."""
    for font in sheet.fonts():
        said = font.ToUnicode.read_bytes()
        shifted = re.sub(
            rb"<00([46][1-9A-F]|[57][0-9A])>(?=\s*(?:\n|endbf))",
            lambda found: b"<00%02X>" % (int(found[1], 16) + 1),
            said,
        )
        font.ToUnicode.write(shifted)


def _as_something_else(sheet: Sheet, said: str) -> None:
    """An 18 whose 8 has the code of another sign."""
    code = said.encode("utf-16-be").hex()
    mapped = f"1 begincodespacerange <00> <ff> endcodespacerange 1 beginbfchar <38> <{code}> endbfchar"
    sheet.page.obj.Resources.Font.CampaignFont.ToUnicode = sheet.pdf.make_stream(mapped.encode())
    sheet.draw(sheet.words("18"))


def _blended(sheet: Sheet, mode: str, colour: str) -> None:
    """A figure whose colour is mixed with that of the page."""
    sheet.resource("/ExtGState", "/CampaignState", f"<< /BM /{mode} >>")
    sheet.draw(sheet.words("21", state=f"/CampaignState gs {colour} g"))


@pytest.mark.parametrize(
    ("plant", "blank", "outcome", "words"),
    [
        (partial(_blended, mode="Screen", colour="0"), True, READ, ""),
        (partial(_blended, mode="Difference", colour="1"), True, "as changed", ""),
        *(
            (partial(_as_something_else, said=said), True, REFUSED, words)
            for said, words in (
                *((said, "that is not text") for said in ("\u00ad", "\u200b", "\u2060", "\u200e", " ")),
                *((said, f"that is not the “{said}”") for said in ("⁸", "-", ".", "80")),
            )
        ),
        (partial(_shape, entries="/Subtype /Square"), False, REFUSED, "viewers differ"),
        (partial(_shape, entries="/Subtype /Text"), False, REFUSED, "viewers differ"),
        (_of_another_field, True, REFUSED, "viewers differ"),
        (_shape_on_a_page_that_lies, False, REFUSED, "viewers differ"),
        (_upright_twice_turned, True, "as changed", ""),
        (partial(pdfs.recoded, drawn="N", code="M"), False, REFUSED, "that is not the “M” its code says"),
        (partial(pdfs.recoded, drawn="m", code="n"), False, REFUSED, "that is not the “n” its code says"),
        (lambda sheet: sheet.pdf.pages.append(sheet.page), False, REFUSED, "page 3 says what page 2 says"),
        (partial(_shape, entries="/Subtype /StrikeOut"), False, REFUSED, "viewers differ"),
        (partial(_shape, entries="/Subtype /Widget /Parent << /FT /Tx /V (8) >>"), True, REFUSED, "viewers"),
        (_on_a_layer, True, REFUSED, "viewers differ"),
        (_of_another_value, True, REFUSED, "viewers differ"),
        (lambda sheet: sheet.annotation("21", flags=32), True, READ, ""),  # it is for printing only
        (_mirrored, True, REFUSED, "that is not text"),
        (_covered_name, False, REFUSED, "a part of a letter"),
        (_split, False, REFUSED, "that is not the"),
        (_on_its_own_colour, True, READ, ""),
        (_parted, True, REFUSED, "a line goes through “21”"),
        (lambda sheet: _lined(sheet, -1, -2.5), False, READ, ""),
        (lambda sheet: _lined(sheet, sheet.box.top - sheet.box.bottom + 1), False, READ, ""),
        (_minus_drawn, False, REFUSED, "something is drawn there that is not text"),
        (partial(_one_drawn, height=0.7), True, REFUSED, "that is not text"),
        (partial(_one_drawn, height=1.1), True, REFUSED, "that is not text"),  # as high as a short rule
        (partial(_seven_drawn, grey=0.8), True, REFUSED, "that is not text"),
        (partial(_seven_drawn, grey=0.97), True, READ, ""),
        (partial(_seven_drawn, grey=0.8, under="0 400 m 600 800 l"), True, READ, ""),  # as of a watermark
        (_one_beside_a_line, True, REFUSED, "that is not text"),
        (_ticked, True, REFUSED, "that is not the “4” its code says"),
        (_of_two_sizes, True, REFUSED, "“2 1” in column"),
        (partial(_set_back, by=400), True, REFUSED, "printed over each other"),
        (partial(_set_back, by=150), True, "as changed", ""),
        (_raised_alone, True, REFUSED, "nothing but a raised or lowered “2”"),
        (_tilted, False, READ, ""),
        (_two_on_a_sheet, False, REFUSED, "two pages are printed beside each other"),
        (lambda sheet: sheet.draw(sheet.words("21", mode="1 Tr", state=".3 w")), True, "as changed", ""),
        # They were read as figures.
        *(
            (partial(_off_its_row, up=up, size=size), True, REFUSED, "raised or lowered “21”")
            for up, size in ((0.3, 0.6), (0.2, 0.92), (-0.2, 0.9))
        ),
        (partial(_off_its_row, up=0.35, size=1), True, REFUSED, "raised or lowered beside the figures"),
        *(
            (partial(_of_two_heights, size=size), True, REFUSED, "a digit of it, is raised")
            for size in (0.85, 1)
        ),
        (partial(_off_its_row, up=0, size=0.9), True, "as changed", ""),
        (partial(_rounded, paint="S"), True, READ, ""),
        (partial(_rounded, paint="b"), True, REFUSED, "a cell is covered"),
        # Between the lines of its cell it does not matter where a figure is.
        (lambda sheet: sheet.draw(sheet.words("21", sheet.box.moved(x=30))), True, "as changed", ""),
        (lambda sheet: sheet.draw(sheet.words("88", size=2)), False, REFUSED, "printed over each other"),
        (_each_as_the_next, False, REFUSED, "the letters of this page have the codes of others"),
        (partial(pdfs.recoded, drawn="1", code="\ufffd"), False, REFUSED, "are shapes without codes"),
        (_emptied, False, REFUSED, "no row of annex 2 can be read"),
    ],
)
def test_what_viewers_show(plant: Callable[[Sheet], None], blank: bool, outcome: str, words: str) -> None:
    base = pdfs.base(2)
    assert base
    plant(sheet := Sheet(base, random.Random(1), blank=blank))
    truths = sheet.truth(), sheet.truth((sheet.cell, 21))
    found = judge(PlantedPdf("", sheet.saved(), truths, base))
    assert (found.outcome, words in found.words) == (outcome, True), found.words
