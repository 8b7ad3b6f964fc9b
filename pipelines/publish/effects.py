"""What readers find changed: every relation of two published states, row by row and by key.

Here belongs the comparison of a release with the one before, of a build with what is published, and of the
trend views over two states of the record, with all else as it is today. Nothing is recorded: the manifest has
the result.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import schemas
from pipelines.lake.differences import shown
from pipelines.publish import views
from pipelines.publish.base import chosen

if TYPE_CHECKING:
    import pyarrow as pa

    from schemas.contract import Contract

Row = Mapping[str, Any]
Tables = Mapping[str, "pa.Table"]
TRENDS = ("mission_trends", "region_trends", "organisation_trends", "mandate_trends")
# Of columns that look at other editions.
_REACHES = ("previous edition", "three editions", "previous mandate")
FIGURES = ("personnel", "personnel_totals", "mandates")
SHOWN = 6  # rows that a sentence names
LINES = 100  # sentences of a release
ROW = 300  # characters of a row that came or went
LISTED = 2000  # values that a manifest names
_PLACE = ("edition_year", "relation", "row_key", "column_name")
_SAID = ("change_pct", "previous_edition_year", "previous_has_error_finding")  # by the columns beside them


@dataclass(frozen=True)
class Change:
    """One value of a row that is there and stays; without a column a whole row that comes or goes, of
    `findings` by its rule."""

    relation: str
    edition_year: int | None
    row_key: str
    column_name: str | None
    old_value: object
    new_value: object


@dataclass(frozen=True)
class Effects:
    """`gains` and `loses` are relations, and columns (`relation.column`) of those that stay."""

    gains: list[str]
    loses: list[str]
    changes: list[Change]

    @property
    def relations(self) -> list[tuple[str, int, int, int, str]]:
        """Of each relation that changes: rows that go, that come, that change, and their columns."""
        found = []
        for name in dict.fromkeys(change.relation for change in self.changes):
            of = [change for change in self.changes if change.relation == name]
            whole = [each for each in of if each.column_name is None]
            single = [each for each in of if each.column_name]
            gone = sum(each.new_value is None for each in whole)
            columns = Counter(each.column_name for each in single)
            said = ", ".join(f"{column} {count}" for column, count in columns.most_common())
            rows = len({(each.edition_year, each.row_key) for each in single})
            found.append((name, gone, len(whole) - gone, rows, said))
        return found

    def figures(self, year: int | None = None) -> list[Change]:
        """The changes of printed figures and mandates, of one edition or all."""
        of = (change for change in self.changes if change.relation in FIGURES)
        return [change for change in of if year in (None, change.edition_year)]

    @property
    def findings(self) -> list[tuple[str, int, int]]:
        """By rule, how many findings go and come."""
        whole = [each for each in self.changes if each.relation == "findings" and not each.column_name]
        gone = Counter(str(each.old_value) for each in whole if each.old_value)
        new = Counter(str(each.new_value) for each in whole if each.new_value)
        return [(rule, gone[rule], new[rule]) for rule in sorted({*gone, *new})]


def compare(
    there: Mapping[str, Collection[str]],
    ours: Mapping[str, Collection[str]],
    read: Callable[[str, Sequence[str]], pa.Table],
    now: Tables,
) -> Effects:
    """A published state against relations as they are `now`.

    `there` and `ours` are the columns of every relation of both, `read` gives some columns of one.
    """
    changes = list[Change]()
    for name, table in now.items():
        contract = schemas.RELATIONS[name]
        if "vintage" not in contract.key and {*contract.key} <= {*there.get(name, ())}:
            shared = [column for column in contract.values if column in there[name]]
            columns = [*dict.fromkeys([*contract.key, *shared])]
            before, after = read(name, columns), table.select(columns)
            if not before.cast(after.schema).equals(after):
                changes += _changes(contract, shared, before.to_pylist(), after.to_pylist())
    return Effects(_beyond(ours, there), _beyond(there, ours), changes)


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


def recorded(found: Effects, turned: Collection[int], anew: Collection[int]) -> dict[str, Any]:
    """For a manifest: rows of each relation, counted, and values.

    No values of editions that came or went (`turned`), nor what a new vintage (years in `anew`) tells.
    """

    def told(change: Change) -> bool:
        table = schemas.TABLES.get(change.relation) if change.edition_year in anew else None
        return table is not None and (change.column_name is None or change.column_name in table.names)

    named = [asdict(each) for each in found.changes if each.edition_year not in turned and not told(each)]
    counts = {}
    for name, gone, new, changed, columns in found.relations:
        rows = {"new": new, "gone": gone, f"changed ({columns})": changed}
        counts[name] = ", ".join(f"{count} {what}" for what, count in rows.items() if count)
    shape = {"gains": found.gains, "loses": found.loses}
    return {**shape, "rows": counts, "named": len(named), "changes": named[:LISTED]}


def others(found: Row, later: Sequence[Row]) -> list[str]:
    """What of it a person reads, a sentence each, but the trends that are told already."""
    told = {tuple(each[name] for name in _PLACE) for each in later}
    beyond = [each for each in found["changes"] if tuple(each[name] for name in _PLACE) not in told]
    named = sentences(beyond)
    more = [f"and {len(named) - LINES} columns more"] if len(named) > LINES else []
    if found["named"] > LISTED:
        more.append(f"of {found['named']} values the first {LISTED} were looked at for this")
    shape = [f"{what}: {', '.join(names)}" for what in ("gains", "loses") if (names := found[what])]
    counts = [f"rows of {name}: {said}" for name, said in found["rows"].items()]
    return [*shape, *named[:LINES], *more, *counts]


def sentences(changes: Sequence[Row]) -> list[str]:
    """One line for each column of an edition, as `2020, mission_trends.status: unifil new → continued`."""
    found: dict[tuple[int, str], list[Row]] = {}
    for each in changes:
        seen = shown(each["old_value"]) != shown(each["new_value"])  # an empty list is shown as none is
        if seen and each["column_name"] not in _SAID:
            place = ".".join(filter(None, (each["relation"], each["column_name"])))
            found.setdefault((each["edition_year"] or 0, place), []).append(each)
    return [
        f"{f'{year}, ' if year else ''}{place}: {_in_words(rows)}"
        for (year, place), rows in sorted(found.items())
    ]


def _in_words(rows: Sequence[Row]) -> str:
    steps = {_step(row) for row in rows}
    if len(rows) > 1 and len(steps) == 1:
        return f"{steps.pop()} in {len(rows)} rows"
    named = [f"{row['row_key']} {_step(row)}" for row in rows[:SHOWN]]
    more = [f"{len(rows) - SHOWN} more"] if len(rows) > SHOWN else []
    return ", ".join([*named, *more])


def _step(change: Row) -> str:
    old, new = change["old_value"], change["new_value"]
    if change["column_name"]:
        return f"{shown(old)} → {shown(new)}"
    return f"new ({shown(new, ROW)})" if old is None else f"gone ({shown(old, ROW)})"


def _of_view(name: str, old: pa.Table, new: pa.Table, years: set[int]) -> Iterator[dict[str, Any]]:
    """What differs in those columns of a view that look at other editions."""
    contract = schemas.RELATIONS[name]
    columns = [column.name for column in contract.columns if column.reach in _REACHES]
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


def _beyond(some: Mapping[str, Collection[str]], others: Mapping[str, Collection[str]]) -> list[str]:
    """The relations, and the columns of shared relations, that only the first have."""
    relations = sorted(some.keys() - others.keys())
    columns = (
        f"{name}.{column}"
        for name in sorted(some.keys() & others.keys())
        for column in sorted({*some[name]} - {*others[name]})
    )
    return [*relations, *columns]


def _changes(
    contract: Contract, columns: Sequence[str], before: Sequence[Row], after: Sequence[Row]
) -> Iterator[Change]:
    was, will = ({tuple(row[name] for name in contract.key): row for row in of} for of in (before, after))
    for key in dict.fromkeys([*was, *will]):
        old, new = was.get(key), will.get(key)
        row = old or new or {}
        about = (contract.name, row.get("edition_year"), contract.row_key(row))
        if old is None or new is None:
            yield Change(*about, None, *(of and _whole(contract, of) for of in (old, new)))
            continue
        for column in columns:
            if old[column] != new[column]:
                yield Change(*about, column, old[column], new[column])


def _whole(contract: Contract, row: Row) -> str:
    """A row that comes or goes: a finding's rule, of all others the values beside the key."""
    others = {name: row[name] for name in contract.values if name in row and name not in contract.key}
    told = ", ".join(f"{name} {shown(value)}" for name, value in others.items() if value is not None)
    return str(row["rule"]) if "rule" in row else told or "a row"
