"""Are all rows still there, each once, and does every figure have its printed cell?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import schemas
from pipelines.verify.faults import Fault, named

if TYPE_CHECKING:
    import pyarrow as pa

_TABLES = ("personnel", "personnel_totals", "mandates")


def complete(read: Mapping[str, pa.Table]) -> Iterator[Fault]:
    """Keys are unique, each vintage's rows are all there and no others, every figure has its cell."""
    there: Counter[tuple[str, int, int]] = Counter()
    stored = {f"{name}_vintages": name for name in schemas.TABLES}
    for contract in (*schemas.VINTAGE_TABLES.values(), *schemas.RECORD.values()):
        yield from _repeated(contract.name, list(contract.key), read[contract.name])
    for table, name in stored.items():
        for row in read[table].select(["edition_year", "vintage"]).to_pylist():
            there[name, row["edition_year"], row["vintage"]] += 1
    known = set()
    for vintage in read["vintages"].to_pylist():
        year, number = vintage["edition_year"], vintage["vintage"]
        known.add((year, number))
        for name, expected in dict(vintage["row_counts"]).items():
            if there[name, year, number] != expected:
                found = there[name, year, number]
                yield Fault(f"{name}, {named(year, number)}", f"has {found} rows, recorded were {expected}")
    for (name, year, number), count in there.items():
        if (year, number) not in known:
            where = f"{name}, {named(year, number)}"
            yield Fault(where, f"has {count} rows of a vintage that nobody recorded")
    yield from _found(read)
    yield from _without_cell(read)


def _found(read: Mapping[str, pa.Table]) -> Iterator[Fault]:
    """What rules found in a vintage is all there."""
    key = ["edition_year", "vintage", "rules_version"]
    for name in schemas.RECONCILED:
        rows = read[f"{name}_vintages"].select(key).to_pylist()
        there = Counter(tuple(row.values()) for row in rows)
        for looked in read["reconciliations"].to_pylist():
            year, number, rules = (looked[column] for column in key)
            if there[year, number, rules] != looked[name]:
                found = f"has {there[year, number, rules]} rows, recorded were {looked[name]}"
                yield Fault(f"{name} by rules {rules}, {named(year, number)}", found)


def _repeated(name: str, key: list[str], table: pa.Table) -> Iterator[Fault]:
    counted = Counter(tuple(row.values()) for row in table.select(key).to_pylist())
    for values, count in counted.items():
        if count > 1:
            yield Fault(name, f"{count} rows have the key {dict(zip(key, values, strict=True))}")


def _without_cell(read: Mapping[str, pa.Table]) -> Iterator[Fault]:
    key = ["edition_year", "vintage", "table_name", "row_key", "column_name"]
    columns = [*key, "value_integer"]
    cells = {
        tuple(row[name] for name in key): row["value_integer"]
        for row in read["cells_vintages"].select(columns).to_pylist()
    }
    for table in _TABLES:
        contract = schemas.VINTAGE_TABLES[f"{table}_vintages"]
        for row in read[contract.name].to_pylist():
            year, number, row_key = row["edition_year"], row["vintage"], contract.row_key(row)
            where = f"{table}, {named(year, number)}"
            for column in contract.columns:
                place = (year, number, table, row_key, column.cell)
                if column.cell is None or row[column.name] is None:
                    continue
                if place not in cells:
                    yield Fault(where, f"{row_key}: {column.name} has no cell")
                elif column.unit and cells[place] != row[column.name]:
                    value = row[column.name]
                    yield Fault(where, f"{row_key}: {column.name} is {value}, its cell says {cells[place]}")
