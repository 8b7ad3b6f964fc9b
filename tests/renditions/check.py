"""What a rendition says as rows, and whether tables read from it say the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa

from schemas.errors import JvomError, Problems
from schemas.registry import PersonnelLayout
from schemas.vocabulary import TOTAL
from tests.renditions.content import PLACES, Content, Printed
from tests.renditions.editions import layout_of, mission_id

Rows = dict[str, dict[str, object]]


def value(cell: Printed | None) -> int | None:
    """The figure that a cell prints."""
    return sum(int(part.replace(".", "")) for part in cell.text.split("+")) if cell else None


def printed_columns(said: Content) -> dict[str, dict[str, int | None]]:
    """Figures by mission (and `total`) and printed column, as declared readings name them."""
    columns = layout_of(said).personnel.columns
    return {
        _key(row.name.text, row.kind): dict(zip(columns, map(value, row.figures), strict=True))
        for row in said.personnel
        if row.kind != "region"
    }


def personnel(said: Content) -> Rows:
    """What `personnel` is to hold, by mission; under `total` what `personnel_totals` is."""
    layout = layout_of(said).personnel
    rows: Rows = {}
    region: str | None = None
    for row, figures in zip(
        (row for row in said.personnel if row.kind != "region"), printed_columns(said).values(), strict=True
    ):
        rows[_key(row.name.text, row.kind)] = dict(_figures(figures, layout))
    for row in said.personnel:
        if row.kind == "region":
            region = row.name.text
        elif row.kind == "mission":
            marks = {number for cell in (row.name, *row.figures) if cell for number in cell.markers}
            rows[_key(row.name.text, row.kind)] |= {
                "mission_as_printed": row.name.text,
                "region_as_printed": region,
                "footnotes": sorted(marks),
            }
    return rows


def mandates(said: Content) -> Rows:
    """What `mandates` is to hold, by mission."""
    return {
        mission_id(_without_place(row.cells[0].text)): {
            "mission_as_printed": row.cells[0].text,
            "region_as_printed": row.region,
            "legal_basis": row.cells[1].text,
            "international_mandate_as_printed": row.cells[2].text,
            "national_frame_as_printed": row.cells[3].text,
        }
        for row in said.mandates
    }


def footnotes(said: Content) -> list[int]:
    """The numbers that are marked in the tables, their headings included."""
    rows = (*(row.cells for row in said.mandates), *((row.name, *row.figures) for row in said.personnel))
    marked = (number for row in rows for cell in row if cell for number in cell.markers)
    return [*said.heading_markers, *marked]


def differences(said: Content, tables: Mapping[str, pa.Table]) -> Iterator[str]:
    """Every value that was read otherwise than it was printed."""
    found = {row["mission_id"]: row for row in tables["personnel"].to_pylist()}
    found[TOTAL] = tables["personnel_totals"].to_pylist()[0]
    yield from _compared("personnel", personnel(said), found)
    listed = {row["mission_id"]: row for row in tables["mandates"].to_pylist()}
    yield from _compared("mandates", mandates(said), listed)


def wrongly_refused(said: Content, error: JvomError) -> Iterator[str]:
    """Problems that list readings of a row of annex 2, but not the printed one."""
    printed = printed_columns(said)
    for problem in error.problems if isinstance(error, Problems) else [error]:
        alternatives = getattr(problem, "alternatives", None)
        if alternatives is not None and printed[problem.mission_id] not in alternatives:  # type: ignore[attr-defined]
            yield f"{problem} does not list {printed[problem.mission_id]}"  # type: ignore[attr-defined]


def count(said: Content) -> int:
    """How many values are compared."""
    return sum(len(row) for rows in (personnel(said), mandates(said)) for row in rows.values())


def _compared(name: str, wanted: Rows, found: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    yield from (f"{name}: a row too many, {key}" for key in found if key not in wanted)
    for key, row in wanted.items():
        for column, said in row.items():
            if (have := found.get(key, {}).get(column)) != said:
                yield f"{name}, {key}, {column}: {said!r} was read as {have!r}"


def _figures(printed: Mapping[str, int | None], layout: PersonnelLayout) -> Iterator[tuple[str, int | None]]:
    for column, places in layout.figures:
        given = [value for place in places if (value := printed[layout.columns[place]]) is not None]
        yield column, sum(given) if given else None


def _key(name: str, kind: str) -> str:
    return TOTAL if kind == "total" else mission_id(name)


def _without_place(name: str) -> str:
    for place in PLACES:
        name = name.removesuffix(f" ({place})")
    return name
