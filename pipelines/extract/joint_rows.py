"""Rows of annex 2 that are one mission's, which a declared reading adds up: `rows` of it says how many.

Only figures whose columns are seen can be added up so, and only whole rows of the same name or mission.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from pipelines.extract.cells import Text
from pipelines.extract.pdf.rows import PdfCell
from pipelines.extract.rows import Figure, Row, Wording
from schemas.registry import DeclaredReading


def join(rows: Sequence[Row], readings: Iterable[DeclaredReading]) -> list[Row]:
    """The rows; those of a mission whose reading is declared to be of several are one."""
    declared = {one.mission_id: one.rows for one in readings if one.rows > 1}
    found: list[Row] = []
    for row in rows:
        mission_id = row.wordings[0].mission_id if row.wordings else None
        of = [one for one in rows if one.wordings and one.wordings[0].mission_id == mission_id]
        if mission_id not in declared or len(of) != declared[mission_id] or not all(map(_is_seen, of)):
            found.append(row)
        elif row is of[0]:
            found.append(_joined(of))
    return found


def sums(rows: Sequence[Row], columns: Sequence[str]) -> Mapping[str, int] | None:
    """What rows make together, by column; None where a figure or its column is not certain."""
    if not all(map(_is_seen, rows)):
        return None
    figures = [figure for row in rows for figure in row.wordings[0].figures]
    if not all(figure.exact for figure in figures):
        return None
    found: dict[str, int] = {}
    for figure in figures:
        if figure.column is not None and figure.value is not None:
            name = columns[figure.column]
            found[name] = found.get(name, 0) + figure.value
    return found


def _is_seen(row: Row) -> bool:
    return not row.in_order and not row.disputed and len(row.wordings) == 1


def _joined(rows: Sequence[Row]) -> Row:
    first, wordings = rows[0], [row.wordings[0] for row in rows]
    places = range(len(wordings[0].cells))
    cells = tuple(_together([wording.cells[place] for wording in wordings], " + ") for place in places)
    texts: dict[str, list[Text]] = {}
    for role, text in (one for row in rows for one in row.texts):
        texts.setdefault(role, []).append(text)
    return replace(
        first,
        lines=tuple(line for row in rows for line in row.lines),
        wordings=(replace(wordings[0], figures=tuple(_figures(wordings)), cells=cells),),
        agreed=all(row.agreed for row in rows),
        under=all(row.under for row in rows),
        texts=tuple((role, _together(given, " ")) for role, given in texts.items()),
    )


def _figures(wordings: Sequence[Wording]) -> Iterable[Figure]:
    """Each column's figure, in all rows together."""
    by_column: dict[int, list[Figure]] = {}
    for figure in (figure for wording in wordings for figure in wording.figures):
        by_column.setdefault(figure.column or 0, []).append(figure)
    for column in sorted(by_column):
        given = by_column[column]
        parts = tuple(part for figure in given for part in figure.parts)
        yield replace(given[0], text=_together([figure.text for figure in given], " + "), parts=parts)


def _together(texts: Sequence[Text], sign: str) -> Text:
    """Several cells as one, with the places of all; blanks count for nothing."""
    given = [text for text in texts if text.printed] or texts[:1]
    spans = tuple(span for text in given for span in text.spans)
    return replace(
        given[0],
        words=tuple(word for text in given for word in text.words),
        marks=tuple(mark for text in given for mark in text.marks),
        cell=PdfCell(sign.join(text.printed for text in given), (), spans),
        disputed=tuple(dict.fromkeys(why for text in given for why in text.disputed)),
    )
