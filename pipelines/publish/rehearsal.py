"""What publishing would change for readers: relations and columns, and every value that would be another.

Here belongs the comparison of the published file with what the code at work makes of the record, and of rows
that a build would add to it. Nothing is written. What a new vintage says of itself (who, when, where) is no
value and does not count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import schemas
from pipelines import sql
from pipelines.lake import Lake
from pipelines.publish import base, catalogue, published, release
from pipelines.settings import Settings
from schemas import registry

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

    from schemas.contract import Contract

_COLUMNS = "SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal"
ROW = "a row"
FIGURES = ("personnel", "personnel_totals", "mandates")
Row = Mapping[str, Any]


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


def effects(settings: Settings, added: Iterable[Mapping[str, pa.Table]]) -> Effects:
    """What readers would find changed if these rows were added to the lake's tables and all was published."""
    import pyarrow as pa

    tables = base.load(settings.published, Lake.of(settings))
    try:
        for rows in added:
            for name, new in rows.items():
                before = tables[name]
                tables.given[name] = pa.concat_tables([before, new], promote_options="default")
        evaluated = release.evaluate(tables, settings, registry.load())
    finally:
        tables.close()
    with published.connect(settings.published) as connection:
        return compare(connection, evaluated)


def compare(connection: DuckDBPyConnection, evaluated: Mapping[str, pa.Table]) -> Effects:
    """An open published file against the views as they would be."""
    there: dict[str, set[str]] = {}
    for row in sql.rows(connection, _COLUMNS):
        there.setdefault(row["table_name"], set()).add(row["column_name"])
    ours = {name: {*relation.names} for name, relation in catalogue.relations().items()}
    changes = list[Change]()
    for name, table in evaluated.items():
        contract = schemas.RELATIONS[name]
        of_values = contract.schema != "internal" and "vintage" not in contract.key
        if of_values and {*contract.key} <= there.get(name, set()):
            shared = [column for column in contract.values if column in there[name]]
            selected = f"SELECT {sql.names(dict.fromkeys([*contract.key, *shared]))} FROM {name}"
            before = connection.execute(selected).to_arrow_table().to_pylist()
            changes += _changes(contract, shared, before, table.to_pylist())
    return Effects(_beyond(ours, there), _beyond(there, ours), changes)


def _beyond(some: Mapping[str, set[str]], others: Mapping[str, set[str]]) -> list[str]:
    """The relations, and the columns of shared relations, that only the first have."""
    relations = sorted(some.keys() - others.keys())
    columns = (
        f"{name}.{column}"
        for name in sorted(some.keys() & others.keys())
        for column in sorted(some[name] - others[name])
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
            yield Change(*about, None, old and old.get("rule", ROW), new and new.get("rule", ROW))
            continue
        for column in columns:
            if old[column] != new[column]:
                yield Change(*about, column, old[column], new[column])
