"""Annex 2 where its columns are in several tables: the rows of one mission are joined to one row.

Columns that go on over the page have the same rows there. Tables that part soldiers from civil experts and
police have rows of their own too: what such a row has no cell for is empty. Both kinds may come by turns, as
for each region. Rows are the same by their mission, or by what they sum; never by their places.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product

from pipelines.extract import pdf_rows, refusals
from pipelines.extract.annexes import AnnexInput
from pipelines.extract.cells import Text
from pipelines.extract.pdf.rows import PdfCell, Span
from pipelines.extract.roles import PersonnelRoles
from pipelines.extract.rows import Row, Table, Wording
from schemas.errors import JvomError, Problems
from schemas.registry import comparable

_Key = tuple[str, ...]
_Parts = dict[int, Row]  # a row by the numbers of the tables that have it


def read(given: AnnexInput) -> Table:
    """The tables of an annex as one. Raises Problems where two say different things of one row."""
    found = Table()
    joined: dict[_Key, _Parts] = {}
    order: list[_Key] = []
    columns = [part.layout.personnel.columns for part in given.parts]
    for own, part in zip(columns, given.parts, strict=True):
        number = columns.index(own)  # tables by turns are one
        assert part.table is not None, "each part is a table of a PDF"
        table = pdf_rows.read(part, part.table, PersonnelRoles(part.layout, part.registry))
        found.marks += table.marks
        found.texts += table.texts
        found.leftovers += table.leftovers
        found.late += table.late
        found.names |= table.names
        before: _Key | None = None
        for row in table.rows:
            key = _key(row, before)
            while number in joined.get(key, ()):  # twice in one table: refused where the missions are named
                key = (*key, "again")
            if key not in joined:
                order.insert(_place(row, before, order, joined), key)
            joined.setdefault(key, {})[number] = row
            before = key
    named = {comparable(row.wordings[0].name.printed) for of in joined.values() for row in of.values()}
    found.leftovers = [
        lines
        for lines in found.leftovers  # but for a new name that has figures in another table only
        if lines[0].number not in found.names or comparable(lines[0].text) not in named
    ]
    widths = {columns.index(own): len(own) for own in columns}
    found.rows = [_row(joined[key], widths) for key in order]
    return found


def _key(row: Row, before: _Key | None) -> _Key:
    """What makes rows of two tables the same: their mission, or what they sum."""
    wording = row.wordings[0]
    region = comparable(row.region.printed) if row.region and row.kind in ("subtotal", "region") else ""
    above = before if before and row.kind == "of which" else ()
    return (row.kind, wording.mission_id or comparable(wording.plain), region, *above)


def _place(row: Row, before: _Key | None, order: Sequence[_Key], joined: dict[_Key, _Parts]) -> int:
    """Where a row that no table before has goes: behind the row above it, or the last one of its region."""

    def alike(key: _Key) -> bool:
        other = next(iter(joined[key].values()))
        return other.kind != "total" and _region(other) == _region(row)

    if before and (alike(before) or row.kind == "of which"):
        return order.index(before) + 1
    of_region = [at for at, key in enumerate(order) if alike(key) and key[0] == "mission"]
    behind = of_region or [at for at, key in enumerate(order) if key[0] != "total"]
    return behind[-1] + 1 if behind else len(order)


def _region(row: Row) -> str:
    return comparable(row.region.printed) if row.region else ""


def _row(parts: _Parts, widths: Mapping[int, int]) -> Row:
    """One row of all columns, from those of the tables that have it."""
    first = next(iter(parts.values()))
    texts: dict[str, Text] = {}
    for row in parts.values():
        if first.region and row.region and row.kind == "mission" and _region(row) != _region(first):
            raise Problems([_differ(row, "region", first.region.printed, row.region.printed)])
        for role, text in row.texts:
            if comparable(texts.setdefault(role, text).printed) != comparable(text.printed):
                raise Problems([_differ(row, role, texts[role].printed, text.printed)])
    return Row(
        lines=tuple(line for row in parts.values() for line in row.lines),
        region=next((row.region for row in parts.values() if row.region), None),
        wordings=tuple(_wordings(parts, widths)),
        in_order=False,
        agreed=all(row.agreed for row in parts.values()),
        disputed=any(row.disputed for row in parts.values()),
        under=all(row.under for row in parts.values()),
        kind=first.kind,
        glued=first.glued,
        texts=tuple(texts.items()),
    )


def _differ(row: Row, what: str, one: str, other: str) -> JvomError:
    message = (
        f"“{row.wordings[0].plain}” has its columns in two tables, and its {what} is “{one}” and “{other}”"
    )
    return refusals.at(row.lines[0], message, "compare both rows: they may be two missions")


def _wordings(parts: _Parts, widths: Mapping[int, int]) -> Iterator[Wording]:
    """Each way to read all parts of a row."""
    for ways in product(*(row.wordings for row in parts.values())):
        of_part = dict(zip(parts, ways, strict=True))
        start, figures, cells = 0, [], []
        for number, width in widths.items():
            way = of_part.get(number)
            if way is None:
                cells += [_blank(ways[0].name)] * width
            else:
                figures += [replace(one, column=start + (one.column or 0)) for one in way.figures]
                cells += way.cells
            start += width
        apart = tuple(mark for way in ways for mark in way.apart)
        yield replace(ways[0], figures=tuple(figures), apart=apart, cells=tuple(cells))


def _blank(name: Text) -> Text:
    """A cell that is not printed: its mission has no row in that table."""
    last = name.spans[-1]
    span = Span(last.page, last.line, last.char_end, last.char_end, None)
    return Text((), cell=PdfCell("", (), (span,)), how=("empty by inference",))
