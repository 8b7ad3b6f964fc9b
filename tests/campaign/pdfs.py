"""PDFs made hostile: what a page shows is changed, hidden, covered or contradicted, or its bytes are damaged.

Each is made of a rendition that is read right, by one change of one kind in `KINDS`, so that what it shows is
known. Where it is not (damaged bytes, another number in a stream), `Planted.base` is what the drawn page is
compared with.
"""

from __future__ import annotations

import io
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, NamedTuple, TypeVar

import pikepdf
import pyarrow as pa
import pypdfium2 as pdfium
from pikepdf import Array, Dictionary, Name

from pipelines.extract import tables
from pipelines.model import Edition
from schemas import registry
from schemas.errors import JvomError
from schemas.registry import Registry
from schemas.vocabulary import FIGURES, TOTAL
from tests.campaign.texts import Planted, Truth
from tests.renditions import check, drawn, rendition
from tests.renditions.editions import document_of, registry_of
from tests.renditions.real import content_of
from tests.support.reports import ABRIDGED, read_tables

Thing = TypeVar("Thing")
REAL = 100_000  # added to a look's seed: the figures of 2024 in it
SCALE = 3  # pixels a point
_NUMBER = re.compile(rb"(?<=[\s\[])-?\d+(?:\.\d+)?(?=[\s\]])")


class Box(NamedTuple):
    """Of a cell, in points from the page's lower left corner; `page` from 0."""

    page: int
    left: float
    bottom: float
    right: float
    top: float

    def moved(self, x: float = 0, y: float = 0) -> Box:
        return Box(self.page, self.left + x, self.bottom + y, self.right + x, self.top + y)


class Cell(NamedTuple):
    row: str
    column: int
    value: int | None
    box: Box
    plain: bool  # its figure is printed in digits alone, or it is blank


Tables = Mapping[str, "pa.Table"]


@dataclass(frozen=True)
class Base:
    """A PDF, what it says, and where."""

    data: bytes
    registry: Registry
    truth: Truth
    cells: tuple[Cell, ...]
    sizes: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class PlantedPdf(Planted):
    """`truths` are None where only the drawn page says what is right."""

    truths: tuple[Truth, ...] | None
    base: Base


def figures_of(found: Tables) -> Truth:
    """The figures of annex 2, by mission and `total`."""
    rows = {row["mission_id"]: row for row in found["personnel"].to_pylist()}
    rows.update((TOTAL, row) for row in found["personnel_totals"].to_pylist())
    return {key: tuple(row[column] for column in FIGURES) for key, row in rows.items()}


@cache
def base(look: int) -> Base | None:
    """The rendition of a seed, or the figures of 2024 in its look; None if it is not read right as it is."""
    if look < REAL:
        made, known = (drew := rendition(look)), registry_of(drew.content)
        said = check.personnel(made.content)
        truth = {key: tuple(row.get(column) for column in FIGURES) for key, row in said.items()}
    else:
        known, printed = registry.load(), read_tables(ABRIDGED.read_bytes())
        made, truth = drawn(content_of(printed, known.layouts[0]), look - REAL), figures_of(printed)
    document, source = document_of(made.data)
    sizes = tuple((page.width, page.height) for page in document.pages)
    try:
        found = tables.read(document, source, Edition(2024), known)
    except JvomError:
        return None
    if figures_of(found) != truth:
        return None
    return Base(made.data, known, truth, tuple(_cells(found, sizes)), sizes)


def cells_of(found: Tables, data: bytes) -> dict[tuple[str, int], Cell]:
    """The cells that were read of a PDF, whose pages may be of other sizes than those of its base."""
    sizes = tuple(page.get_size() for page in pdfium.PdfDocument(data))
    return {(cell.row, cell.column): cell for cell in _cells(found, sizes)}


def _cells(found: Tables, sizes: tuple[tuple[float, float], ...]) -> Iterator[Cell]:
    """Cells of annex 2 that are in one piece."""
    for cell in found["cells"].to_pylist():
        column = FIGURES.index(cell["column_name"]) if cell["column_name"] in FIGURES else None
        if column is not None and cell["table_name"].startswith("personnel") and len(cell["spans"]) == 1:
            (span,) = cell["spans"]
            page, at, printed = span["page"] - 1, span["box"], cell["as_printed"] or ""
            box = Box(page, at["x0"], sizes[page][1] - at["y1"], at["x1"], sizes[page][1] - at["y0"])
            plain = printed.isdecimal() or (cell["value_integer"] is None and not printed)
            yield Cell(cell["row_key"], column, cell["value_integer"], box, plain)


class Drawn:
    """The pages of a PDF as grey pictures."""

    def __init__(self, data: bytes) -> None:
        self.pdf = pdfium.PdfDocument(data)
        self.pages: dict[int, tuple[bytes, int]] = {}

    def pixels(self, box: Box) -> list[bytes]:
        """Rows of a cell, one byte a pixel; none where there is no such place."""
        if box.page >= len(self.pdf):
            return []
        page = self.pdf[box.page]
        if box.page not in self.pages:
            picture = page.render(scale=SCALE, grayscale=True)
            self.pages[box.page] = bytes(picture.buffer), picture.stride
        grey, stride = self.pages[box.page]
        top, bottom = (round((page.get_height() - y) * SCALE) for y in (box.top, box.bottom))
        left, right = round(box.left * SCALE), round(box.right * SCALE)
        return [grey[row * stride + left : row * stride + right] for row in range(top, bottom)]

    def ink(self, box: Box) -> bool:
        grey = b"".join(self.pixels(box))
        return bool(grey) and max(grey) - min(grey) > 60


def untouched(planted: PlantedPdf) -> bool:
    """Whether the tables are seen as those of the base, so that they are to be read."""
    if planted.name in (*SEEN_ELSEWHERE, *NOT_RELIED_ON) or planted.truths not in (
        None,
        (planted.base.truth,),
    ):
        return planted.name in SEEN_ELSEWHERE
    with suppress(pdfium.PdfiumError):
        drawn, base = Drawn(planted.data), Drawn(planted.base.data)
        pages = [Box(at, 0, 0, *size) for at, size in enumerate(planted.base.sizes)]
        return len(drawn.pdf) == len(pages) and all(drawn.pixels(box) == base.pixels(box) for box in pages)
    return False


class NoPlaceError(Exception):
    """A base has no place for a kind."""


class Sheet:
    """A copy of a base that is being changed: a cell, the page that it is on, and what is drawn there."""

    def __init__(self, of: Base, rng: random.Random, *, blank: bool = False) -> None:
        self.base, self.rng = of, rng
        self.how: dict[str, Any] = {}  # it is saved
        self.data = b""  # in place of what would be saved
        self.pdf = pikepdf.open(io.BytesIO(of.data))
        found = [c for c in of.cells if c.plain and (c.value is None) == blank and self.figures(c)]
        self.cell = self.one_of(found)
        near = self.nearest(self.cell).box
        self.size = 1.38 * (near.top - near.bottom)  # of the type, in points
        self.box = self.cell.box
        if blank:  # whose box is as wide as its column
            self.box = self.box._replace(left=near.left, right=near.left + 1.1 * self.size)
        self.page = self.pdf.pages[self.box.page]
        self.resource("/Font", "/CampaignFont", "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")

    def figures(self, cell: Cell) -> list[Cell]:
        """Plain figures in the same column of the same page."""
        place = (cell.column, cell.box.page)
        return [
            c for c in self.base.cells if c.plain and c.value is not None and (c.column, c.box.page) == place
        ]

    def nearest(self, cell: Cell) -> Cell:
        return min(self.figures(cell), key=lambda other: abs(other.box.bottom - cell.box.bottom))

    def truth(self, *changes: tuple[Cell, int | None]) -> Truth:
        rows = {key: list(row) for key, row in self.base.truth.items()}
        for cell, value in changes:
            rows[cell.row][cell.column] = value
        return {key: tuple(row) for key, row in rows.items()}

    def saved(self) -> bytes:
        out = io.BytesIO()
        self.pdf.save(out, **self.how)
        return out.getvalue()

    def one_of(self, things: Sequence[Thing]) -> Thing:
        if not things:
            raise NoPlaceError
        return self.rng.choice(things)

    def another(self) -> int:
        """A figure of as many digits as that of the cell."""
        least = 10 ** (len(str(self.cell.value)) - 1)
        return self.rng.choice([figure for figure in range(least, 10 * least) if figure != self.cell.value])

    def dictionaries(self, *types: pikepdf.Object) -> list[pikepdf.Object]:
        return [
            each for each in self.pdf.objects if isinstance(each, Dictionary) and each.get("/Type") in types
        ]

    def fonts(self) -> list[pikepdf.Object]:
        return [font for font in self.dictionaries(Name.Font) if "/ToUnicode" in font]

    def draw(self, content: str) -> None:
        """Over everything that is on the page."""
        self.page.contents_add(b"q\n", prepend=True)
        self.page.contents_add(f"\nQ\n{content}\n".encode("latin-1"))

    # What gives content to draw.

    def words(
        self, text: str, box: Box | None = None, *, state: str = "", mode: str = "", size: float = 0
    ) -> str:
        at = box or self.box
        place = f"/CampaignFont {size or self.size:.2f} Tf {mode} 1 0 0 1 {at.left:.2f} {at.bottom:.2f} Tm"
        return f"q {state} BT {place} ({text}) Tj ET Q\n"

    def rectangle(self, colour: str = "1 g", box: Box | None = None) -> str:
        at = box or self.box
        size = f"{at.right - at.left + 1.6:.2f} {at.top - at.bottom + 1.6:.2f}"
        return f"q {colour} {at.left - 0.8:.2f} {at.bottom - 0.8:.2f} {size} re f Q\n"

    def line_through(self) -> str:
        at, middle = self.box, (self.box.bottom + self.box.top) / 2
        return f"q 1.2 w {at.left - 1:.2f} {middle:.2f} m {at.right + 1:.2f} {middle:.2f} l S Q\n"

    def picture(self, grey: int) -> str:
        """One pixel, as large as the cell."""
        entries = "/Subtype /Image /Width 1 /Height 1 /BitsPerComponent 8 /ColorSpace /DeviceGray"
        self.resource("/XObject", "/CampaignImage", f"<< {entries} >>", bytes([grey]))
        at = self.box
        size = f"{at.right - at.left + 2:.2f} 0 0 {at.top - at.bottom + 2:.2f}"
        return f"q {size} {at.left - 1:.2f} {at.bottom - 1:.2f} cm /CampaignImage Do Q\n"

    def form(self, content: str, box: str = "[0 0 5000 5000]", layer: pikepdf.Object | None = None) -> str:
        form = self.resource(
            "/XObject", "/CampaignForm", f"<< /Subtype /Form /BBox {box} >>", content.encode()
        )
        form["/Resources"] = self.page.obj.Resources
        if layer is not None:
            form["/OC"] = layer
        return "/CampaignForm Do\n"

    def on_layer(self, content: str, *, on: bool) -> str:
        self.layer(on=on)
        return f"/OC /CampaignLayer BDC {content} EMC\n"

    def layer(self, *, on: bool) -> pikepdf.Object:
        layer = self.resource("/Properties", "/CampaignLayer", "<< /Type /OCG /Name (layer) >>")
        default = Dictionary({"/ON" if on else "/OFF": Array([layer])})
        self.pdf.Root.OCProperties = Dictionary(OCGs=Array([layer]), D=default)
        return layer

    def transparent(self) -> str:
        self.resource("/ExtGState", "/CampaignState", "<< /ca 0 /CA 0 >>")
        return "/CampaignState gs"

    def annotation(self, text: str, *, flags: int = 4, field: bool = False) -> str:
        """A free text or a form's field over the cell, with its appearance, which is not content."""
        at = self.box
        place = f"[{at.left - 1:.2f} {at.bottom - 2:.2f} {at.right + 8:.2f} {at.top + 2:.2f}]"
        self.form(self.words(text), place)
        kind = (
            f"/Widget /FT /Tx /T (f) /V ({text})"
            if field
            else f"/FreeText /Contents ({text}) /DA (/Helv 8 Tf 0 g)"
        )
        made = self.pdf.make_indirect(
            pikepdf.Object.parse(f"<< /Subtype {kind} /F {flags} /Rect {place} >>".encode())
        )
        made["/AP"] = Dictionary(N=self.page.obj.Resources.XObject.CampaignForm)
        self.page.obj.Annots = Array([made])
        if field:
            self.pdf.Root.AcroForm = Dictionary(Fields=Array([made]))
        return ""

    def resource(self, kind: str, name: str, entries: str, stream: bytes | None = None) -> pikepdf.Object:
        """A thing that the page's content can name."""
        described = pikepdf.Object.parse(entries.encode())
        made = (
            self.pdf.make_indirect(described) if stream is None else self.pdf.make_stream(stream, described)
        )
        resources = self.page.obj.get("/Resources", Dictionary())
        resources[kind] = of_kind = resources.get(kind, Dictionary())
        of_kind[name] = made
        self.page.obj.Resources = resources
        return made


Draw = Callable[[Sheet, str], str]
Truths = tuple[Truth, ...]  # as in PlantedPdf
# What nobody sees: a figure in a blank cell, by a way to hide it.
HIDDEN: dict[str, Draw] = {
    "white": lambda s, v: s.words(v, state="1 g"),
    "nearly white": lambda s, v: s.words(v, state=".99 .99 1 rg"),
    "transparent": lambda s, v: s.words(v, state=s.transparent()),
    "clipped": lambda s, v: s.words(v, state="0 0 1 1 re W n"),
    "in no mode": lambda s, v: s.words(v, mode="3 Tr"),
    "as a clip": lambda s, v: s.words(v, mode="7 Tr"),
    "tiny": lambda s, v: s.words(v, size=0.3),
    "squeezed": lambda s, v: s.words(v, mode="1 Tz"),
    "on a layer that is off": lambda s, v: s.on_layer(s.words(v), on=False),
    "in a form on such a layer": lambda s, v: s.form(s.words(v), layer=s.layer(on=False)),
    "outside its form": lambda s, v: s.form(s.words(v), "[0 0 1 1]"),
    "under a white box": lambda s, v: s.words(v) + s.rectangle(),
    "under a picture": lambda s, v: s.words(v) + s.picture(255),
    "beside the page": lambda s, v: s.words(v, s.box.moved(x=s.base.sizes[s.box.page][0])),
    "in a hidden annotation": lambda s, v: s.annotation(v, flags=2),
}
# What everybody sees: a figure in a blank cell, by a way that readers overlook.
SEEN: dict[str, Draw] = {
    "as text": lambda s, v: s.words(v),
    "in a form": lambda s, v: s.form(s.words(v)),
    "as an artifact": lambda s, v: f"/Artifact BMC {s.words(v)} EMC",
    "on a layer that is on": lambda s, v: s.on_layer(s.words(v), on=True),
    "in a field": lambda s, v: s.annotation(v, field=True),
    "in an annotation": lambda s, v: s.annotation(v),
}
# What is over a figure or beside it, so that it is not one any more.
NO_FIGURE: dict[str, Draw] = {
    "a black box": lambda s, _: s.rectangle("0 g"),
    "a grey picture": lambda s, _: s.picture(120),
    "a line through it": lambda s, _: s.line_through(),
    "another figure over it": lambda s, v: s.words(v),
    "a minus before it": lambda s, _: s.words("-", s.box.moved(x=-0.4 * s.size)),
    "a half after it": lambda s, _: s.words(",5", s.box.moved(x=s.box.right - s.box.left)),
    "a word over white": lambda s, _: s.rectangle() + s.words(s.rng.choice(("12a", "1/2"))),
}
# The table is seen as it was, but not where it was or not as large.
SEEN_ELSEWHERE = ("struck twice", "outside the crop", "unit", "turned")
# It is seen as it was, and is to be refused, or may be: a figure is covered, or letters have other codes.
NOT_RELIED_ON = ("hidden under a white box", "hidden under a picture", "no letters", "wrong letters")
INEXACT = ("a half after it",)  # of these: it is one without an exact value, so nothing is recorded as that


def _drawn_in_blank(sheet: Sheet, draw: Draw, *, seen: bool) -> Truths:
    value = sheet.rng.randint(2, 99)
    sheet.draw(draw(sheet, str(value)))
    return (sheet.truth((sheet.cell, value)) if seen else sheet.truth(),)


def _spoilt(sheet: Sheet, how: str) -> Truths:
    sheet.draw(NO_FIGURE[how](sheet, str(sheet.another())))
    return (sheet.truth((sheet.cell, None)),) if how in INEXACT else ()


def covered_in_white(sheet: Sheet) -> Truths:
    sheet.draw(sheet.rectangle())
    return (sheet.truth((sheet.cell, None)),)


def replaced(sheet: Sheet) -> Truths:
    """Another figure over a white box; in half of them as an annotation."""
    value, way = sheet.another(), sheet.rng.choice((sheet.words, sheet.annotation))
    sheet.draw(sheet.rectangle() + way(str(value)))
    return (sheet.truth((sheet.cell, value)),)


def moved_to_another_column(sheet: Sheet) -> Truths:
    free = [c for c in sheet.base.cells if c.row == sheet.cell.row and c.value is None and sheet.figures(c)]
    other = sheet.one_of(free)
    place = sheet.box._replace(left=sheet.nearest(other).box.left)
    sheet.draw(sheet.rectangle() + sheet.words(str(sheet.cell.value), place))
    return (sheet.truth((sheet.cell, None), (other, sheet.cell.value)),)


def over_two_cells(sheet: Sheet) -> Truths:
    """A figure halfway between its row or column and the next one, which is blank there."""
    row, column, _, at, _ = sheet.cell
    places = []
    for other in sheet.base.cells:
        down = other.box.bottom - at.bottom
        if (
            other.value is not None
            or not other.plain
            or other.box.page != at.page
            or not sheet.figures(other)
        ):
            continue
        if other.column == column and 0 < abs(down) < 3 * sheet.size:
            places.append(at.moved(y=down / 2))
        elif other.row == row and abs(other.column - column) == 1:
            places.append(at.moved(x=(sheet.nearest(other).box.left - at.left) / 2))
    sheet.draw(sheet.rectangle() + sheet.words(str(sheet.cell.value), sheet.one_of(places)))
    return ()


def row_after_the_totals(sheet: Sheet) -> Truths:
    totals = [c.box for c in sheet.base.cells if c.row == TOTAL and c.value is not None]
    row = [at.moved(y=-1.9 * sheet.size) for at in totals if at.page == sheet.box.page]
    label = sheet.one_of(row)._replace(left=min(at.left for at in row) - 90, right=row[-1].right)
    if Drawn(sheet.base.data).ink(label):  # a note is there
        raise NoPlaceError
    figures = "".join(sheet.words(str(sheet.rng.randint(1, 40)), at) for at in row)
    sheet.draw(sheet.words("NAVO", label) + figures)
    return ()


def struck_twice(sheet: Sheet) -> Truths:
    """A page drawn twice, a little apart, as bold type of the poor."""
    sheet.page.contents_coalesce()
    once = sheet.page.obj.Contents.read_bytes()
    sheet.page.obj.Contents = sheet.pdf.make_stream(b"q\n%s\nQ\nq 1 0 0 1 .2 0 cm\n%s\nQ" % (once, once))
    return (sheet.truth(),)


def actual_text(sheet: Sheet) -> Truths:
    """The figure as it was, marked as if it were another."""
    marked = f"/Span << /ActualText ({sheet.another()}) >> BDC {sheet.words(str(sheet.cell.value))} EMC"
    sheet.draw(sheet.rectangle() + marked)
    return (sheet.truth(),)


def no_letters(sheet: Sheet) -> Truths:
    """Fonts that do not say which letters their glyphs are."""
    for font in sheet.fonts():
        del font["/ToUnicode"]
    return (sheet.truth(),)


def wrong_letters(sheet: Sheet) -> Truths:
    """Fonts that give one digit out as another."""
    return recoded(sheet, *sheet.rng.sample("0123456789", 2))


def recoded(sheet: Sheet, drawn: str, code: str) -> Truths:
    one, other = (b"%04X" % ord(letter) for letter in (drawn, code))
    said = re.compile(rb"(?i)<%s>(?=\s*(?:\n|<[0-9A-F]+>|endbf))" % one)
    maps = [font["/ToUnicode"] for font in sheet.fonts()]
    sheet.one_of([each for each in maps if said.search(each.read_bytes())])
    for each in maps:
        each.write(said.sub(b"<%s>" % other, each.read_bytes()))
    return (sheet.truth(),)


def cropped(sheet: Sheet) -> Truths:
    """The page ends before a column."""
    sheet.page.obj.CropBox = Array([0, 0, sheet.box.left - 2, sheet.base.sizes[sheet.box.page][1]])
    return ()


def outside_the_crop(sheet: Sheet) -> Truths:
    """A figure on a row's line, where the sheet goes on but the page has ended."""
    width, height = sheet.base.sizes[sheet.box.page]
    sheet.page.obj.MediaBox, sheet.page.obj.CropBox = (
        Array([0, 0, end, height]) for end in (width + 300, width)
    )
    sheet.draw(sheet.words("21", sheet.box._replace(left=width + sheet.rng.uniform(1, 100))))
    return (sheet.truth(),)


def unit(sheet: Sheet) -> Truths:
    for page in sheet.pdf.pages:
        page.obj.UserUnit = sheet.rng.choice((0.5, 1.5, 2))
    sheet.how = {"min_version": "1.6"}
    return (sheet.truth(),)


def turned(sheet: Sheet) -> Truths:
    turn = sheet.rng.choice((90, 180, 270))
    for page in sheet.rng.choice((list(sheet.pdf.pages), [sheet.page])):
        page.obj.Rotate = turn
    return (sheet.truth(),)


def written_otherwise(sheet: Sheet) -> Truths:
    """In streams of objects, plainly, encrypted without a password, in order for the web, behind a head."""
    ways: tuple[dict[str, Any], ...] = (
        {"object_stream_mode": pikepdf.ObjectStreamMode.generate},
        {"object_stream_mode": pikepdf.ObjectStreamMode.disable, "compress_streams": False},
        {"encryption": pikepdf.Encryption(owner="owner", user="")},
        {"linearize": True},
    )
    sheet.how = sheet.rng.choice(ways)
    sheet.data = sheet.rng.choice((b"", b"", b"Content-Type: application/pdf\r\n\r\n")) + sheet.saved()
    return (sheet.truth(),)


def pages_changed_about(sheet: Sheet) -> Truths:
    others = [page for page in sheet.pdf.pages if page != sheet.page]
    first, second = sheet.page.obj, sheet.one_of(others).obj
    for name in ("/Contents", "/Resources"):
        first[name], second[name] = second[name], first[name]
    return (sheet.truth(),)


def annexes_twice(sheet: Sheet) -> Truths:
    for page in list(sheet.pdf.pages):
        sheet.pdf.pages.append(page)
    return ()


def tags_out_of_order(sheet: Sheet) -> Truths:
    tags = [tag.get("/K") for tag in sheet.dictionaries(Name.StructElem)]
    kids = sheet.one_of([each for each in tags if isinstance(each, Array) and len(each) > 1])
    for at, kid in enumerate(sheet.rng.sample(list(kids), len(kids))):
        kids[at] = kid
    return (sheet.truth(),)


def bits_flipped(sheet: Sheet) -> None:
    data = bytearray(sheet.base.data)
    for _ in range(sheet.rng.choice((1, 1, 2, 5, 20, 200))):
        data[sheet.rng.randrange(len(data))] ^= 1 << sheet.rng.randrange(8)
    sheet.data = bytes(data)


def cut_off(sheet: Sheet) -> None:
    end = sheet.rng.randrange(10, len(sheet.base.data))
    sheet.data = sheet.base.data[:end] + sheet.rng.choice((b"", b"\nstartxref\n0\n%%EOF\n"))


def spliced(sheet: Sheet) -> None:
    """A piece of the bytes lost, or there twice, or elsewhere."""
    data, size = sheet.base.data, sheet.rng.randint(1, 4000)
    at, to = (sheet.rng.randrange(len(data) - size) for _ in range(2))
    piece, rest = data[at : at + size], data[:at] + data[at + size :]
    sheet.data = sheet.rng.choice((rest, data[:to] + piece + data[to:], rest[:to] + piece + rest[to:]))


def number_in_file(sheet: Sheet) -> None:
    """A number in the file, those in its streams among them, that is huge, negative or nothing."""
    sheet.how = {"compress_streams": False, "stream_decode_level": pikepdf.StreamDecodeLevel.generalized}
    sheet.data = _other_number(sheet.saved(), sheet.rng)


def number_on_page(sheet: Sheet) -> None:
    """The same of one in the page's content, where it is a place, a size or a colour."""
    sheet.page.contents_coalesce()
    sheet.page.obj.Contents.write(_other_number(sheet.page.obj.Contents.read_bytes(), sheet.rng))


def _other_number(data: bytes, rng: random.Random) -> bytes:
    found = rng.choice(list(_NUMBER.finditer(data)))
    new = rng.choice((b"99999999999999", b"-1", b"1e308", b"0", b"2147483648", b"0.0000001", b"7"))
    return data[: found.start()] + new + data[found.end() :]


def entry_dropped(sheet: Sheet) -> None:
    thing = sheet.rng.choice(sheet.dictionaries(Name.Font, Name.FontDescriptor, Name.Page))
    del thing[sheet.rng.choice([key for key in list(thing.keys()) if key not in ("/Type", "/Parent")])]


KNOWN = (
    *(covered_in_white, replaced, moved_to_another_column, over_two_cells, row_after_the_totals, actual_text),
    *(struck_twice, no_letters, wrong_letters, cropped, outside_the_crop, unit, turned, written_otherwise),
    *(pages_changed_about, annexes_twice, tags_out_of_order),
)
DAMAGED = (
    bits_flipped,
    bits_flipped,
    cut_off,
    spliced,
    number_in_file,
    number_on_page,
    number_on_page,
    entry_dropped,
)
KINDS: tuple[tuple[str, Callable[[Sheet], Truths | None]], ...] = (
    *((f"hidden {how}", partial(_drawn_in_blank, draw=draw, seen=False)) for how, draw in HIDDEN.items()),
    *((f"added {how}", partial(_drawn_in_blank, draw=draw, seen=True)) for how, draw in SEEN.items()),
    *((f"spoilt by {how}", partial(_spoilt, how=how)) for how in NO_FIGURE),
    *((kind.__name__.replace("_", " "), kind) for kind in (*KNOWN, *DAMAGED)),
)


def planted(seed: int, looks: Sequence[int]) -> PlantedPdf | None:
    """The PDF of a seed, made of one of these looks; None where none has a place for its kind."""
    name, plant = KINDS[seed % len(KINDS)]
    rng = random.Random(seed)
    for look in rng.sample(looks, len(looks)):
        if of := base(look):
            with suppress(NoPlaceError):
                sheet = Sheet(of, rng, blank=name.startswith(("hidden", "added")))
                truths = plant(sheet)
                return PlantedPdf(name, sheet.data or sheet.saved(), truths, of)
    return None
