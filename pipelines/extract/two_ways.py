"""A text read by the places of its words and by their order, and which of the two readings is relied on.

Where a program kept the places (`positions`), a text is read by them as a PDF is; by order it is read as any
other text. Where both succeed they must give the same. What only the order gives is taken where the places
do not contradict it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations

import pyarrow as pa

from pipelines.extract import refusals
from pipelines.extract.positions import columns_of, placed
from pipelines.model import Document
from schemas.errors import JvomError, Problems

Tables = dict[str, pa.Table]
Reading = Tables | JvomError
_TEXTS = ("mission", "region", "legal_basis", "text")
"""Columns whose words are not compared: a label that no place shows may be known by order, and back."""
_ADVICE = "give the PDF that this text was made of, whose cells can be seen"


def read(document: Document, take: Callable[[Document], Tables]) -> Tables:
    """The tables of a text. `take` reads a document; raises what it raises, or that the readings differ."""
    pages = placed(document)
    if pages is None:
        return take(document)
    by_place, by_order = _try(take, pages), _try(take, document)
    if isinstance(by_place, JvomError):
        if isinstance(by_order, JvomError) or next(_out_of_place(document, by_order), None):
            raise by_place
        return by_order
    if not isinstance(by_order, JvomError) and (differing := next(_differing(by_place, by_order), None)):
        raise refusals.two_ways(document, *differing)
    return by_place


def advise(error: JvomError, document: Document) -> None:
    """Adds to the hint of a refusal of a text that was made of a PDF that this can be read."""
    if document.format == "text" and (
        any("\f" in line.text for line in document.lines) or placed(document) is not None
    ):
        first = error.problems[0] if isinstance(error, Problems) else error
        first.hint = error.hint = f"{first.hint}; or {_ADVICE}" if first.hint else _ADVICE


def _try(take: Callable[[Document], Tables], document: Document) -> Reading:
    try:
        return take(document)
    except JvomError as error:
        return error


def _values(tables: Tables) -> dict[tuple[str, str, str], dict[str, object]]:
    """The cells of the annexes by table, row and column, but for those that are texts."""
    return {
        (cell["table_name"], cell["row_key"], cell["column_name"]): cell
        for cell in tables["cells"].to_pylist()
        if cell["table_name"] != "footnotes" and cell["column_name"] not in _TEXTS
    }


def _differing(one: Tables, other: Tables) -> Iterator[tuple[dict[str, object], object]]:
    """Cells that two readings give differently: the first's, and the other's value."""
    first, second = _values(one), _values(other)
    for key, cell in {**second, **first}.items():
        values = [known.get(key, {}).get("value") for known in (first, second)]
        if values[0] != values[1]:
            yield cell | {"value": values[0]}, values[1]


def _out_of_place(document: Document, tables: Tables) -> Iterator[tuple[str, str]]:
    """Two columns of figures of one page that overlap, so that a figure is in another column."""
    lines = {line.number: columns_of(line.text) for line in document.lines}
    reach: dict[tuple[int, str], list[int]] = {}
    for (table, _, column), cell in _values(tables).items():
        spans = cell["spans"]
        if table == "mandates" or cell["value_integer"] is None or not isinstance(spans, list):
            continue
        for span in spans if len(spans) == 1 else ():
            places = lines[span["line"]]
            ends = (places[span["char_start"]], places[span["char_end"]])
            reach.setdefault((span["page"], column), []).extend(ends)
    for (one, first), (other, second) in combinations(reach.items(), 2):
        if one[0] == other[0] and min(first) < max(second) and min(second) < max(first):
            yield one[1], other[1]
