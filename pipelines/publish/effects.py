"""What a release changed beyond its vintages: trends of later editions by an older one, and sums by a label.

Here belongs the comparison of the trend views over two states, of the record or of the registry, with all
else as it is today. Nothing is recorded: the manifest has the result.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import schemas
from pipelines.lake.differences import shown
from pipelines.publish import views
from pipelines.publish.base import chosen

if TYPE_CHECKING:
    import pyarrow as pa

Row = Mapping[str, Any]
Tables = Mapping[str, "pa.Table"]
TRENDS = ("mission_trends", "region_trends", "organisation_trends", "mandate_trends")
_REACHES = (
    "previous edition",
    "three editions",
    "previous mandate",
)  # of columns that look at other editions
_LABELS = ("name", "organisation", "region", "countries")  # that figures are grouped or shown by
_SUMS = ("frame_military", "frame_civil_police", "deployed_total_computed")
SHOWN = 6  # rows that a sentence names
_SAID = ("change_pct", "previous_edition_year", "previous_has_error_finding")  # by the columns beside them


def later_trends(tables: Tables, now: Row, before: Row | None) -> list[dict[str, Any]]:
    """Every value of a trend that another edition changed, in editions whose own reading did not change.

    `now` and `before` are rows of `releases`, `tables` the base tables of the later one. A row that came or
    went counts value by value.
    """
    if before is None:
        return []
    held, held_before = dict(now["vintages"]), dict(before["vintages"])
    changed = {year for year in {*held, *held_before} if held.get(year) != held_before.get(year)}
    same = {year for year in held if year not in changed and any(year > other for other in changed)}
    if not same:
        return []
    old, new = (_evaluated(tables, state) for state in (held_before, held))
    return [row for name in TRENDS for row in _of_view(name, old[name], new[name], same)]


def declared(tables: Tables) -> dict[str, Any]:
    """The labels of each mission and the corrections, as they stand in schemas/."""
    rows = tables["mission_registry"].select(["mission_id", *_LABELS]).to_pylist()
    corrections = tables["declared_corrections"].to_pylist()
    return {"missions": {row.pop("mission_id"): row for row in rows}, "corrections": corrections}


def relabelled(tables: Tables, now: Row, before: Row | None) -> list[dict[str, Any]]:
    """Every sum of a region or an organisation that another label of a mission changed.

    `now` is a row of `releases`; `before` is what `declared` gave for the release before, if that is known.
    """
    if before is None:
        return []
    rows = tables["mission_registry"].to_pylist()
    changed = [{**row, **before["missions"].get(row["mission_id"], {})} for row in rows]
    if changed == rows:
        return []
    old = {**tables, "mission_registry": schemas.REGISTRY["mission_registry"].table(changed)}
    held = dict(now["vintages"])
    was, is_now = (_evaluated(of, held) for of in (old, {**tables}))
    names = ("region_trends", "organisation_trends")
    return [row for name in names for row in _of_view(name, was[name], is_now[name], {*held}, _SUMS)]


def declarations(before: Row | None, now: Row) -> list[str]:
    """What of it changed, a sentence each; none where it is not known what was declared before."""
    if before is None:
        return []
    old, new = before["missions"], now["missions"]
    found = []
    for mission, labels in sorted(new.items()):
        was = old.get(mission)
        changed = [each for each in _LABELS if was and was[each] != labels[each]]
        if was is None:
            found.append(f"{mission}: new in the registry")
        elif changed:
            steps = (f"{each} {shown(was[each])} → {shown(labels[each])}" for each in changed)
            found.append(f"{mission}: {'; '.join(steps)}")
    found += [f"{mission}: no longer in the registry" for mission in sorted(old.keys() - new.keys())]
    for said, some, others in (("new", now, before), ("gone", before, now)):
        lacking = (each for each in some["corrections"] if each not in others["corrections"])
        found += [_correction(each, said) for each in lacking]
    return found


def _correction(of: Row, said: str) -> str:
    place = f"{of['edition_year']}, {of['table_name']}.{of['row_key']}.{of['column_name']}"
    values = f"printed {shown(of['printed_value'])}, declared {shown(of['corrected_value'])}"
    return f"correction, {said}: {place}, {values}"


def sentences(changes: Sequence[Row]) -> list[str]:
    """One line for each column of an edition, as `2020, mission_trends.status: unifil new → continued`."""
    found: dict[tuple[int, str], list[Row]] = {}
    for each in changes:
        seen = shown(each["old_value"]) != shown(each["new_value"])  # an empty list is shown as none is
        if seen and each["column_name"] not in _SAID:
            found.setdefault((each["edition_year"], f"{each['relation']}.{each['column_name']}"), []).append(
                each
            )
    return [f"{year}, {column}: {_in_words(rows)}" for (year, column), rows in sorted(found.items())]


def _in_words(rows: Sequence[Row]) -> str:
    steps = {f"{shown(row['old_value'])} → {shown(row['new_value'])}" for row in rows}
    if len(rows) > 1 and len(steps) == 1:
        return f"{steps.pop()} in {len(rows)} rows"
    named = [
        f"{row['row_key']} {shown(row['old_value'])} → {shown(row['new_value'])}" for row in rows[:SHOWN]
    ]
    more = [f"{len(rows) - SHOWN} more"] if len(rows) > SHOWN else []
    return ", ".join([*named, *more])


def _of_view(
    name: str, old: pa.Table, new: pa.Table, years: set[int], columns: Sequence[str] = ()
) -> Iterator[dict[str, Any]]:
    """What differs in some columns of a view; in those that look at other editions, if none is named."""
    contract = schemas.RELATIONS[name]
    columns = columns or [column.name for column in contract.columns if column.reach in _REACHES]
    was, is_now = (
        {(row["edition_year"], contract.row_key(row)): row for row in table.to_pylist()}
        for table in (old, new)
    )
    for year, key in sorted({*was, *is_now}):
        if year not in years:
            continue
        for column in columns:
            values = [rows.get((year, key), {}).get(column) for rows in (was, is_now)]
            if values[0] != values[1]:
                place = {"edition_year": year, "relation": name, "row_key": key, "column_name": column}
                yield {**place, "old_value": values[0], "new_value": values[1]}


def _evaluated(tables: Tables, held: Mapping[int, int]) -> dict[str, pa.Table]:
    """The trend views as they are where exactly these vintages are held."""
    import pyarrow as pa

    base = dict(tables)
    base |= chosen(tables, (*schemas.VINTAGE_TABLES, "reconciliations"), held.items())
    known = {*base["mission_registry"]["mission_id"].to_pylist()}
    ids = {*base["personnel_vintages"]["mission_id"].to_pylist()} - known
    if ids:  # of a vintage that an id was corrected in: the registry does not have it any more
        unknown = {"organisation": "other", "region": "unknown", "countries": []}
        rows: list[dict[str, object]] = [
            {"mission_id": each, "name": each, **unknown} for each in sorted(ids)
        ]
        added = schemas.REGISTRY["mission_registry"].table(rows)
        base["mission_registry"] = pa.concat_tables([base["mission_registry"], added])
    return views.evaluate(base, views.needed(TRENDS))
