"""A Word file (.docx) → pages of words with boxes and drawn lines, as a PDF of it would have them.

A file of Word knows its tables: which cell is in which columns and rows. Here they are set as a page, each
cell within lines, so that all who read a PDF's tables read these. What a person would see otherwise than it
would be read is refused: tracked changes, text that is struck through, text in boxes, tables in tables.
Pages are not known of a Word file but where one is broken by hand; lengths are made up, and no box leaves
this process as a place in the file.
"""

from __future__ import annotations

import copy
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from math import ceil
from typing import TYPE_CHECKING, Any

from pipelines.extract import kinds, numerals
from pipelines.extract.pdf import lines, signs
from pipelines.extract.pdf.model import Box, PdfDocument, PdfLine, PdfPage, Rule, Word
from pipelines.extract.text import visible
from pipelines.model import Line, SourceFile
from schemas.errors import SourceError

if TYPE_CHECKING:
    from docx.document import Document as WordDocument

_SIZE, _LARGE = 10.0, 14.0  # points of text, and of a heading
_WIDTH, _PITCH = 0.5, 1.2  # of a character and of a line, in sizes
_ASCENT, _DESCENT = 0.7, 0.2
_MARGIN, _PADDING = 60.0, 6.0
_LINE, _CELL = 100, 34  # characters on a line of text, and of a cell at most
_PAPER = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_VALUE = f"{_PAPER}val"
_ANCHOR = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}anchor"
_OFF = frozenset({"0", "false", "off", "none"})
_NEAR = 3  # paragraphs before a table, from which a box may lie over it
_MARK = re.compile(r"\d{1,3}(?:\s?[,;]\s?\d{1,3})*")
_RAISED = re.compile(rf"[{numerals.RAISED}]{{1,3}}(?:,[{numerals.RAISED}]{{1,3}})*")
_PLAIN = str.maketrans(numerals.RAISED, "0123456789")
_PRINT = kinds.PRINT.format("Word")
_TRACKED = ("ins", "del", "moveFrom", "moveTo", "cellIns", "cellDel", "cellMerge")
_AS_IT_WAS = [
    f"{name}Change" for name in ("rPr", "pPr", "tcPr", "trPr", "tblPr", "tblPrEx", "sectPr", "tblGrid")
]
# A table may hold the first, and what the second are is not drawn. Anything else is seen and not read.
_READ = frozenset(
    {
        *("tr", "tc", "p", "r", "t", "tab", "ptab", "br", "cr", "noBreakHyphen", "softHyphen"),
        *("footnoteReference", "endnoteReference", "fldSimple", "hyperlink", "smartTag"),
        *("sdt", "sdtContent", "customXml"),
    }
)
_UNDRAWN = re.compile(
    r"\w+Pr(?:Ex)?|\w+(?:Start|End)|commentReference|tblGrid|proofErr|fldChar|instrText|lastRenderedPageBreak"
)
_PICTURES = ("drawing", "pict", "object")
_UNREAD = {
    "tbl": "a table in a cell of a table",
    "sym": "a sign that is not a letter",
    "oMath": "a formula",
    **dict.fromkeys((*_PICTURES, "AlternateContent"), "a picture or box in a table"),
}
_ELSEWHERE = ("altChunk", "subDoc")
_SIGNS = re.compile(r"(?:wing|web)dings|symbol|dingbats|marlett", re.IGNORECASE)
_MEASURE = re.compile(r"(-?\d{1,9}(?:\.\d{1,9})?)(mm|cm|in|pt|pc|pi|)")
_POINTS = {"pt": 1.0, "pc": 12.0, "pi": 12.0, "in": 72.0, "cm": 28.35, "mm": 2.835}
_DUST = 2.0  # points up to which the eye does not see letters as letters
_ASIDE, _OVER, _LOWER = -15.0, -2.0, -6.0  # points that text is beside its cell, letter over letter, lowered
_INCH = 72.0
_NARROW = 50  # percent of their width from which letters can be told apart
_CONTRAST = 24  # levels of a colour, of 255, from which it differs for the eye
_WHITE = (255, 255, 255)
_SHARE = re.compile(r"pct(\d{1,3})")
_HIGHLIGHTS = {
    **{"black": "000000", "white": "FFFFFF", "yellow": "FFFF00", "darkYellow": "808000"},
    **{"blue": "0000FF", "darkBlue": "000080", "cyan": "00FFFF", "darkCyan": "008080"},
    **{"green": "00FF00", "darkGreen": "008000", "magenta": "FF00FF", "darkMagenta": "800080"},
    **{"red": "FF0000", "darkRed": "800000", "lightGray": "C0C0C0", "darkGray": "808080"},
}
_LOOKS = {  # which parts of its style a table shows, by name and in a number
    **{"firstRow": 0x20, "lastRow": 0x40, "firstColumn": 0x80, "lastColumn": 0x100},
    **{"noHBand": 0x200, "noVBand": 0x400},
}

Said = Mapping[str, str]  # the attributes of a property, without their name spaces


def _points(said: Said, name: str = "val", of_one: float = 1.0) -> float:
    """A length; without a unit it counts so many to a point. 0 where there is none."""
    found = _MEASURE.fullmatch(said.get(name, ""))
    return float(found[1]) * (_POINTS[found[2]] if found[2] else 1 / of_one) if found else 0.0


def _is_on(said: Said) -> bool:
    return said.get("val", "1") not in _OFF


def _is_aside(said: Said) -> bool:
    left = max((_points(said, name, 20) for name in ("left", "start") if name in said), default=0.0)
    return min(left, left - _points(said, "hanging", 20), left + _points(said, "firstLine", 20)) < _ASIDE


def _is_tight(said: Said) -> bool:
    """Of letters, or of lines."""
    exact = said.get("lineRule") == "exact" and _points(said, "line", 20) < 0.7 * _SIZE
    return exact or _points(said, of_one=20) < _OVER


_UNSEEN = "letters that cannot be seen: they are tiny, or in the colour of what they stand on"
# What is seen otherwise than it is written, by the property of a table, row, cell, paragraph or run.
_AMISS: Mapping[str, tuple[str, Callable[[Said], bool]]] = {
    "hMerge": ("cells that are merged as Word 6 did", lambda _: True),
    "framePr": ("text in a frame", lambda _: True),
    "hidden": ("a row that is hidden", _is_on),
    "dataBinding": ("a field whose value is kept in another part of it", lambda _: True),
    **dict.fromkeys(("ddList", "checkBox"), ("a field to choose from", lambda _: True)),
    "textFill": ("letters that have a fill of their own", lambda _: True),
    "tblpPr": ("a table that is put where it may lie over other text", lambda _: True),
    "bidiVisual": ("a table that is shown from right to left", _is_on),
    **dict.fromkeys(("tl2br", "tr2bl"), ("a line through a cell", _is_on)),
    "ind": ("text beside its cell", _is_aside),
    "spacing": ("letters or lines over each other", _is_tight),
    **dict.fromkeys(("strike", "dstrike"), ("letters that are struck through", _is_on)),
    "vertAlign": ("lowered letters", lambda said: said.get("val") == "subscript"),
    "position": ("lowered letters", lambda said: _points(said, of_one=2) < _LOWER),
    "w": ("squeezed letters", lambda said: _points(said) < _NARROW and "val" in said),
    "fitText": ("letters that are fitted to a width", lambda _: True),
    "tblInd": ("a table beside its page", lambda said: _points(said, "w", 20) < -_INCH),
    "sz": (_UNSEEN, lambda said: 0 < _points(said, of_one=2) <= _DUST),
    "rFonts": ("letters in a font of signs", lambda said: bool(_SIGNS.search(" ".join(said.values())))),
}


@dataclass
class _Piece:
    """A word, where its markers are, and whether the paragraph breaks its line before it."""

    text: str = ""
    markers: list[tuple[int, int]] = field(default_factory=list)
    gap: str = " "
    breaks: bool = False


@dataclass
class _Cell:
    """A cell of a table: rows and columns from the first to the one behind the last, and its lines."""

    top: int
    bottom: int
    left: int
    right: int
    lines: list[list[_Piece]]
    bold: bool = False


def read(data: bytes, source: SourceFile) -> PdfDocument:
    """The document. Raises SourceError where it is damaged, or shows what would not be read."""
    try:
        import docx
    except ImportError as error:
        message = "this is a Word file (.docx), and python-docx, which reads such files, is not installed"
        raise SourceError(message, hint=f"{_PRINT}; or run ./setup, which installs it") from error
    try:
        document = docx.Document(io.BytesIO(data))
        body = document.element.body
    except Exception as error:  # of zip, XML and python-docx: of many kinds, in words of their own
        message = "this is a Word file (.docx) that is damaged: it has not the parts that such files have"
        if _is_other(data):
            message = "this is a Word file that is a template, has macros, or is kept as Strict Open XML"
        raise SourceError(message, hint=f"ask for it again; or {_PRINT}") from error
    if next(body.iter(*(_PAPER + name for name in _TRACKED)), None) is not None:
        why = "has changes that are tracked, so that it says two things"
        raise SourceError(f"this Word file {why}", hint=f"accept or refuse them in Word; or {_PRINT}")
    for before in list(body.iter(*(_PAPER + name for name in _AS_IT_WAS))):
        before.getparent().remove(before)
    _join_tables(body)
    _settle_looks(document, body)
    _require_plain_tables(body)
    setting = _Setting(_Notes(document))
    for block in _blocks(body):
        setting.add(block)
    pages = setting.done()
    lines = tuple(Line(line.number, line.page, line.text) for page in pages for line in page.lines)
    if not lines:
        raise SourceError("no paragraph or table of this Word file holds text", hint=_PRINT)
    labels = (None,) * len(pages)
    return signs.find(PdfDocument(source.path, source.sha256, "docx", lines, labels, tuple(pages)))


def _join_tables(body: Any) -> None:
    """Makes one table of those that follow each other with as many columns: they are seen as one."""
    before: Any = None
    for block in list(_blocks(body)):
        if block.tag != f"{_PAPER}tbl":
            before = None if _shown_text(block) or _breaks_page(block) else before
        elif before is not None and _columns(before) == _columns(block) > 0:
            before.extend(block.iterchildren(f"{_PAPER}tr"))
            block.getparent().remove(block)
        else:
            before = block


def _find(element: Any, path: str) -> Any:
    """The element at a path below another, such as `tblPr/tblLook`; None where there is none."""
    return element.find("/".join(_PAPER + name for name in path.split("/")))


def _columns(table: Any) -> int:
    """How many there are in the flow of the text; 0 of a table that is put beside it."""
    floats = _find(table, "tblPr/tblpPr") is not None
    return 0 if floats else len(table.findall(f"{_PAPER}tblGrid/{_PAPER}gridCol"))


def _is_other(data: bytes) -> bool:
    """Whether a file is of Word, but of a kind that python-docx does not read."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            kinds_of_parts, links = parts.read("[Content_Types].xml"), parts.read("_rels/.rels")
    except (zipfile.BadZipFile, KeyError, OSError, zlib.error):
        return False
    return b"purl.oclc.org/ooxml" in links or b"wordprocessingml.document.main+xml" not in kinds_of_parts


def _require_plain_tables(body: Any) -> None:
    """Raises SourceError for a table that holds more than text, or that a box or picture may lie over."""
    for table in body.iter(f"{_PAPER}tbl"):
        if what := "text in a box" if _in_box(table) else next(_strange(table), None):
            raise SourceError(f"this Word file has {what}", hint=_PRINT)
    for name in _ELSEWHERE:
        if next(body.iter(_PAPER + name), None) is not None:
            raise SourceError("this Word file takes a part of its text from another file in it", hint=_PRINT)
    blocks = list(_blocks(body))
    first = next((at for at, block in enumerate(blocks) if block.tag == f"{_PAPER}tbl"), len(blocks))
    for block in blocks[max(0, first - _NEAR) :]:
        framed = [block] if next(block.iter(f"{_PAPER}framePr"), None) is not None else []
        for box in (*framed, *block.iter(f"{_PAPER}txbxContent")):
            if text := " ".join("".join(part.text or "" for part in box.iter(f"{_PAPER}t")).split()):
                message = f"this Word file has text in a box that may lie over a table: “{text[:60]}”"
                raise SourceError(message, hint=_PRINT)
        if any(anchor.get("behindDoc") not in ("1", "true") for anchor in block.iter(_ANCHOR)):
            raise SourceError("this Word file has a picture that may lie over a table", hint=_PRINT)


def _strange(parent: Any) -> Iterator[str]:
    """What is seen within a part of a table and is not text, or not text as it is written; in words."""
    for child in parent:
        name = child.tag.rpartition("}")[2]
        if child.tag == _PAPER + name and name in _READ:
            if name != "r" or _is_shown(child):
                yield from _strange(child)
        elif child.tag == _PAPER + name and _UNDRAWN.fullmatch(name):
            if name in ("pPr", "rPr") and not parent.text.strip():
                continue  # of no letter
            mark = child.iterchildren(f"{_PAPER}rPr") if name == "pPr" else ()  # of the paragraph's end
            ignored = {id(one) for each in mark for one in each.iter()}
            for one in child.iterdescendants():
                what, is_amiss = _AMISS.get(one.tag.rpartition("}")[2], ("", _is_on))
                if what and id(one) not in ignored and is_amiss(_attributes(one)):
                    text = "" if name == "tblPr" else _shown_text(parent)
                    yield f"{what}: “{text}”" if text else what
        else:
            yield _UNREAD.get(name, f"something in a table that is not text (“{name}”)")


def _is_shown(run: Any) -> bool:
    return not _has(run, "rPr/vanish")


def _shown_text(within: Any) -> str:
    runs = (run for run in within.iter(f"{_PAPER}r") if _is_shown(run))
    return " ".join("".join(run.text for run in runs).split())[:60]


def _in_box(element: Any) -> bool:
    return next(element.iterancestors(f"{_PAPER}txbxContent"), None) is not None


def _settle_looks(document: WordDocument, body: Any) -> None:
    """Gives each run, paragraph and cell what its styles say of it and it does not say itself."""
    root = document.styles.element
    styles = {style.get(f"{_PAPER}styleId"): style for style in root.iter(f"{_PAPER}style")}
    defaults = list(root.iter(f"{_PAPER}rPrDefault"))

    def chain(name: str | None) -> Iterator[Any]:
        seen: set[str] = set()
        while name is not None and name in styles and name not in seen:
            seen.add(name)
            yield styles[name]
            name = _said(styles[name], "basedOn").get("val")

    def settle(own: Any, said: Sequence[Any], name: str) -> None:
        known = {one.tag for one in own}
        for one in (one for style in said for one in style.iterfind(f"{_PAPER}{name}/*")):
            if one.tag not in known:
                known.add(one.tag)
                own.append(copy.deepcopy(one))

    of_table: dict[Any, list[Any]] = {}  # what styles of tables say of each cell, the nearest first
    for table in body.iter(f"{_PAPER}tbl"):
        known = list(chain(_said(table, "tblPr/tblStyle").get("val")))
        for tc, parts in _parts(table, known):
            of_table[tc] = [*parts, *known]
            settle(tc.get_or_add_tcPr(), of_table[tc], "tcPr")
    for paragraph in body.iter(f"{_PAPER}p"):
        cell = next(paragraph.iterancestors(f"{_PAPER}tc"), None)
        of_paragraph, below = list(chain(paragraph.style)), [*of_table.get(cell, ()), *defaults]
        settle(paragraph.get_or_add_pPr(), of_paragraph, "pPr")
        for run in paragraph.iter(f"{_PAPER}r"):
            settle(run.get_or_add_rPr(), [*chain(run.style), *of_paragraph, *below], "rPr")


def _parts(table: Any, styles: Sequence[Any]) -> Iterator[tuple[Any, list[Any]]]:
    """Each cell, with what the styles of its table say of its row and column apart from the others."""
    look = _said(table, "tblPr/tblLook")
    flags = int(look.get("val") or "01E0", 16)
    is_on = {
        name: _is_on({"val": look.get(name, str(int(bool(flags & bit))))}) for name, bit in _LOOKS.items()
    }
    said = [part for style in styles for part in style.iter(f"{_PAPER}tblStylePr")]
    by_name = {part.get(f"{_PAPER}type"): part for part in reversed(said)}
    rows = list(table.iter(f"{_PAPER}tr"))
    for at, row in enumerate(rows):
        cells = list(row.iter(f"{_PAPER}tc"))
        for column, tc in enumerate(cells):
            names = {
                "firstRow": is_on["firstRow"] and at == 0,
                "lastRow": is_on["lastRow"] and at == len(rows) - 1,
                "firstCol": is_on["firstColumn"] and column == 0,
                "lastCol": is_on["lastColumn"] and column == len(cells) - 1,
                f"band{1 + (at - is_on['firstRow']) % 2}Horz": not is_on["noHBand"],
                f"band{1 + (column - is_on['firstColumn']) % 2}Vert": not is_on["noVBand"],
            }
            yield tc, [by_name[name] for name, applies in names.items() if applies and name in by_name]


def _blocks(parent: Any) -> Iterator[Any]:
    """Paragraphs and tables in their order, also those in content controls."""
    for child in parent:
        if child.tag in (f"{_PAPER}p", f"{_PAPER}tbl"):
            yield child
        elif child.tag in (f"{_PAPER}sdt", f"{_PAPER}sdtContent", f"{_PAPER}customXml"):
            yield from _blocks(child)


class _Notes:
    """The footnotes: their texts by the number that each has, in the order of the marks."""

    def __init__(self, document: WordDocument) -> None:
        from docx.opc.constants import RELATIONSHIP_TYPE
        from docx.oxml import parse_xml

        self._texts: dict[str, Any] = {}
        for kind in (RELATIONSHIP_TYPE.FOOTNOTES, RELATIONSHIP_TYPE.ENDNOTES):
            for relation in document.part.rels.values():
                if relation.reltype == kind:
                    for note in parse_xml(relation.target_part.blob):
                        self._texts[f"{kind[-9:]}{note.get(_PAPER + 'id')}"] = note
        said = {
            (one.tag, one.get(_VALUE, ""))
            for place in (document.settings.element, document.element.body)
            for numbering in place.iter(f"{_PAPER}footnotePr", f"{_PAPER}endnotePr")
            for one in numbering
        }
        start, *others = {value for tag, value in said if tag == f"{_PAPER}numStart"} or {"1"}
        formats, restarts = (
            {value for tag, value in said if tag == _PAPER + name} for name in ("numFmt", "numRestart")
        )
        plain = (
            not others
            and formats <= {"decimal"}
            and restarts <= {"continuous"}
            and re.fullmatch(r"\d{1,4}", start)
        )
        # Without a format Word numbers endnotes i, ii, iii.
        self._plain = {"footnotes": plain, "/endnotes": plain and bool(formats)}
        self._count = int(start) - 1 if plain else 0
        self.waiting: list[tuple[int, Any]] = []

    def mark(self, reference: Any) -> str:
        """The number that a reference prints; its note is then due. Raises SourceError where it is none."""
        kind = "footnotes" if reference.tag == f"{_PAPER}footnoteReference" else "/endnotes"
        if not self._plain[kind] or reference.get(f"{_PAPER}customMarkFollows") is not None:
            why = "numbers its notes in a way of its own, not 1, 2, 3"
            raise SourceError(f"this Word file {why}", hint=_PRINT)
        self._count += 1
        self.waiting.append((self._count, self._texts.get(f"{kind}{reference.get(_PAPER + 'id')}")))
        return str(self._count)


class _Setting:
    """The pages as they are set: words, lines and rules from top to bottom."""

    def __init__(self, notes: _Notes) -> None:
        self._notes = notes
        self._number = 0
        self._pages: list[PdfPage] = []
        self._begin()

    def _begin(self) -> None:
        self._lines: list[PdfLine] = []
        self._rules: list[Rule] = []
        self._pictures = 0
        self._y = _MARGIN

    def add(self, block: Any) -> None:
        if block.tag == f"{_PAPER}tbl":
            self._table(block)
            self._due()
            return
        if _breaks_page(block) and self._lines:
            self._end()
        self._pictures += sum(1 for _ in block.iter(*(_PAPER + name for name in _PICTURES)))
        style = block.style or ""
        size = _LARGE if re.match(r"heading|kop|title|titel", style, re.IGNORECASE) else _SIZE
        for pieces in _wrapped(_words(block, self._notes), _LINE):
            self._set([(_MARGIN, pieces, size > _SIZE)], size)
        self._y += 0.5 * _SIZE

    def done(self) -> list[PdfPage]:
        self._due()
        self._end()
        return self._pages

    def _end(self) -> None:
        width = max((line.box.right for line in self._lines), default=0.0) + _MARGIN
        height, drawn = self._y + _MARGIN, ((*self._lines,), (*self._rules,))
        self._pages.append(PdfPage(len(self._pages) + 1, width, height, *drawn, images=self._pictures))
        self._begin()

    def _due(self) -> None:
        """Sets the notes whose marks were set, each opened by its number."""
        waiting, self._notes.waiting = self._notes.waiting, []
        for number, note in waiting:
            paragraphs = [] if note is None else list(note.iter(f"{_PAPER}p"))
            text = [piece for paragraph in paragraphs for piece in _words(paragraph, self._notes)]
            opening = _Piece(str(number), [(0, len(str(number)))])
            self._y += 0.5 * _SIZE
            for pieces in _wrapped([opening, *text], _LINE):
                self._set([(_MARGIN, pieces, False)], _SIZE)

    def _set(self, parts: Sequence[tuple[float, Sequence[_Piece], bool]], size: float = _SIZE) -> None:
        """One line, of parts that begin at their distances from the left."""
        baseline = self._y + _ASCENT * size
        top, bottom = self._y, baseline + _DESCENT * size
        words: list[Word] = []
        for left, pieces, bold in parts:
            at = left
            for piece in pieces:
                right = at + len(piece.text) * _WIDTH * size
                box = Box(round(at, 2), top, round(right, 2), bottom)
                gap = piece.gap if words else ""
                words.append(
                    Word(piece.text, box, baseline, size, bold, markers=tuple(piece.markers), gap=gap)
                )
                at = right + _WIDTH * size
        self._y += _PITCH * size
        if words:
            self._number += 1
            self._lines += lines.number([words], len(self._pages) + 1, self._number)

    def _table(self, table: Any) -> None:
        cells = list(_cells(table, self._notes))
        if not cells:
            return
        edges = _edges(cells)
        top = self._y + _PITCH * _SIZE
        heights = [top]
        for row in range(max(cell.bottom for cell in cells)):
            own = [cell for cell in cells if cell.top == row]
            self._y = heights[-1] + _PADDING / 2
            for at in range(max((len(cell.lines) for cell in own), default=0)):
                own.sort(key=lambda cell: cell.left)
                self._set([(edges[c.left] + _PADDING, c.lines[at], c.bold) for c in own if at < len(c.lines)])
            heights.append(self._y + _PADDING / 2)
        for cell in cells:
            box = Box(edges[cell.left], heights[cell.top], edges[cell.right], heights[cell.bottom])
            self._rules += [Rule(True, at, box.left, box.right) for at in (box.top, box.bottom)]
            self._rules += [Rule(False, at, box.top, box.bottom) for at in (box.left, box.right)]
        self._rules = list(dict.fromkeys(self._rules))
        self._y = heights[-1] + _SIZE


def _edges(cells: Sequence[_Cell]) -> list[float]:
    """Where each column of a table begins, and where the last ends."""
    edges = [_MARGIN]
    for column in range(1, max(cell.right for cell in cells) + 1):
        least = edges[-1] + 2 * _PADDING
        for cell in cells:
            if cell.right == column:
                wide = max((_length(line) for line in cell.lines), default=0) * _WIDTH * _SIZE
                least = max(least, edges[cell.left] + wide + 2 * _PADDING)
        edges.append(least)
    return edges


def _cells(table: Any, notes: _Notes) -> Iterator[_Cell]:
    """The cells of a table; one that goes on in the row below is one cell."""
    open_cells: dict[int, _Cell] = {}
    rows = [row for row in table.iter(f"{_PAPER}tr") if next(row.iterancestors(f"{_PAPER}tbl")) is table]
    for at, row in enumerate(rows):
        column = row.grid_before
        for tc in row.iter(f"{_PAPER}tc"):  # also in a content control
            right = column + tc.grid_span
            above = open_cells.get(column)
            if tc.vMerge == "continue" and above and above.right == right and above.bottom == at:
                above.bottom = at + 1
            else:
                paragraphs = [_words(p, notes) for p in tc.iter(f"{_PAPER}p")]
                _require_plain(tc)
                lines = [line for words in paragraphs for line in _wrapped(words, _CELL)]
                open_cells[column] = _Cell(at, at + 1, column, right, lines, _is_bold(tc))
                yield open_cells[column]
            column = right


def _require_plain(tc: Any) -> None:
    """Raises SourceError for a cell in which a person sees more, or less, than its letters."""
    runs = [run for run in tc.iter(f"{_PAPER}r") if run.text.strip() and _is_shown(run)]
    text = _shown_text(tc)
    lists = (one.get(_VALUE) != "0" for one in tc.iter(f"{_PAPER}numId"))
    if any(_is_unseen(run, tc) for run in runs):
        what = _UNSEEN
    elif any(lists) and not any(map(str.isalpha, text)):
        what = "a number or sign that Word counts itself"
    elif any(_is_uneven(*pair) for pair in pairwise(runs)):
        what = "a figure with digits of several sizes"
    elif runs and _is_narrow(tc):
        what = "a column without width"
    elif _is_clipped(tc):
        what = "a row of a fixed height, which cuts off a part of its text"
    else:
        return
    raise SourceError(f"this Word file has {what}: “{text}”", hint=_PRINT)


def _is_uneven(run: Any, following: Any) -> bool:
    """Whether a digit stands beside one of another size, on the same line."""
    small, large = sorted(_points(_said(one, "rPr/sz"), of_one=2) or _SIZE for one in (run, following))
    digits = run.text[-1].isdigit() and following.text[0].isdigit() and not _is_raised(following)
    return digits and large > lines.ONE_SIZE * small


def _is_narrow(tc: Any) -> bool:
    """Whether a cell is set narrower than a letter, in a table that gives its cells no more than is set."""
    layout = _said(next(tc.iterancestors(f"{_PAPER}tbl")), "tblPr/tblLayout")
    said = _said(tc, "tcPr/tcW")
    fixed = layout.get("type") == "fixed" and said.get("type") == "dxa"
    return fixed and _points(said, "w", 20) < _WIDTH * _SIZE


def _is_clipped(tc: Any) -> bool:
    """Whether a row is set lower than the lines of a cell need."""
    height, width = _said(tc.getparent(), "trPr/trHeight"), _points(_said(tc, "tcPr/tcW"), "w", 20)
    if height.get("hRule") != "exact":
        return False
    width, need = width - 2 * _PADDING, 0.0
    for paragraph in tc.iter(f"{_PAPER}p"):
        runs = [run for run in paragraph.iter(f"{_PAPER}r") if _is_shown(run) and run.text.strip()]
        size = max((_points(_said(run, "rPr/sz"), of_one=2) for run in runs), default=0.0) or _SIZE
        letters = sum(len(run.text) for run in runs)
        need += size * max(bool(runs), ceil(letters * _WIDTH * size / width) if width > size else 0)
    return need > _points(height, of_one=20)


def _is_unseen(run: Any, tc: Any) -> bool:
    """Whether letters are about as bright as what is under them, or may be."""
    colour = _levels(_said(run, "rPr/color").get("val", ""))
    lit = _levels(_HIGHLIGHTS.get(_said(run, "rPr/highlight").get("val", ""), ""))
    paragraph, table = (next(run.iterancestors(_PAPER + name)) for name in ("p", "tbl"))
    owners = (run, "rPr"), (paragraph, "pPr"), (tc, "tcPr"), (table, "tblPr")
    shades = (_ground(_said(owner, f"{properties}/shd")) for owner, properties in owners)
    ground = next(filter(None, (lit, *shades, _WHITE)))
    near = (abs(one - other) < _CONTRAST for one, other in zip(colour, ground, strict=False))
    return bool(colour) and all(near)


def _ground(said: Said) -> tuple[int, ...]:
    """The colour of what is shaded: a pattern is so much of its own colour over that of the fill."""
    pattern = said.get("val", "clear")
    shared = _SHARE.fullmatch(pattern)
    share = float(shared[1]) / 100 if shared else float(pattern == "solid")
    fill, over = _levels(said.get("fill", "")), _levels(said.get("color", ""))
    if not share:
        return fill
    levels = zip(over or (0, 0, 0), fill or _WHITE, strict=True)
    return tuple(round(share * one + (1 - share) * other) for one, other in levels)


def _levels(colour: str) -> tuple[int, ...]:
    """Red, green and blue; nothing for an automatic colour."""
    return (*bytes.fromhex(colour),) if re.fullmatch("[0-9A-Fa-f]{6}", colour) else ()


def _said(owner: Any, path: str) -> Said:
    """What a run, cell, row or table says of one of its looks."""
    return _attributes(_find(owner, path))


def _attributes(element: Any) -> Said:
    return {
        str(key).rpartition("}")[2]: str(value) for key, value in ({} if element is None else element).items()
    }


def _has(owner: Any, path: str) -> bool:
    return _find(owner, path) is not None and _is_on(_said(owner, path))


def _is_raised(run: Any) -> bool:
    aligned = _said(run, "rPr/vertAlign").get("val")
    return aligned == "superscript" if aligned else _points(_said(run, "rPr/position"), of_one=2) > 0


def _is_bold(tc: Any) -> bool:
    runs = [run for run in tc.iter(f"{_PAPER}r") if run.text.strip()]
    return bool(runs) and all(_has(run, "rPr/b") for run in runs)


def _breaks_page(paragraph: Any) -> bool:
    breaks = (one.get(f"{_PAPER}type") for one in paragraph.iter(f"{_PAPER}br"))
    return "page" in breaks or _has(paragraph, "pPr/pageBreakBefore")


def _words(paragraph: Any, notes: _Notes) -> list[_Piece]:
    """The words of a paragraph that are shown, with their markers."""
    found = [_Piece()]

    def put(text: str, *, raised: bool = False) -> None:
        for part in re.split(r"(\s)", text):
            if part.isspace():
                if found[-1].text:
                    found.append(_Piece(gap=part if part == "\u00a0" else " "))
            elif part:
                piece = found[-1]
                if raised:
                    piece.markers.append((len(piece.text), len(piece.text) + len(part)))
                piece.text += part

    in_code: list[bool] = []  # of each open field: only its result is shown
    for run in paragraph.iter(f"{_PAPER}r"):
        for sign in run.iter(f"{_PAPER}fldChar"):
            kind = sign.get(f"{_PAPER}fldCharType")
            in_code = [*in_code, True] if kind == "begin" else in_code[:-1] + [False] * (kind == "separate")
        if any(in_code) or not _is_shown(run) or (_in_box(run) and not _in_box(paragraph)):
            continue
        high = _is_raised(run)
        for part in run:
            if part.tag == f"{_PAPER}t" and part.text:
                put(visible(part.text), raised=high and bool(_MARK.fullmatch(part.text.strip())))
            elif part.tag in (f"{_PAPER}footnoteReference", f"{_PAPER}endnoteReference"):
                put(notes.mark(part), raised=True)
            elif part.tag in (f"{_PAPER}tab", f"{_PAPER}ptab"):
                put(" ")
            elif part.tag in (f"{_PAPER}br", f"{_PAPER}cr"):
                put(" ")
                found[-1].breaks = True
            elif part.tag == f"{_PAPER}noBreakHyphen":
                put("-")
    for piece in found:
        piece.markers += [mark.span() for mark in _RAISED.finditer(piece.text)]
        piece.text = piece.text.translate(_PLAIN)
    return [piece for piece in found if piece.text]


def _length(pieces: Sequence[_Piece]) -> int:
    return sum(len(piece.text) for piece in pieces) + len(pieces) - 1


def _wrapped(pieces: Sequence[_Piece], most: int) -> list[list[_Piece]]:
    """Lines of at most so many characters, broken between words; one longer word has its own."""
    lines: list[list[_Piece]] = []
    for piece in pieces:
        if lines and not piece.breaks and _length([*lines[-1], piece]) <= most:
            lines[-1].append(piece)
        else:
            lines.append([replace(piece, gap=" ")])
    return lines
