"""Tables → the same tables, or every row that breaks a contract, all at once.

What must hold is said in `schemas`; here it is only evaluated: types, nulls, values and keys by
Pandera, then row rules, references between the tables, and that every figure has its printed cell.
Pandera's Arrow backend names the value that failed but not its row, so rows are found by value.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from typing import Any

import pandera.errors
import pandera.pyarrow as pap
import pyarrow as pa
from pandera.errors import SchemaErrorReason

import schemas
from schemas.contract import Contract, Reference
from schemas.demands import in_words
from schemas.errors import ContractError
from schemas.registry_toml import nearest

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Failure:
    """One row that breaks a contract: `check` says in words what must hold, `value` what is there.

    `column` and `row_key` are empty where a whole row or a whole table is at fault.
    """

    table: str
    check: str
    column: str = ""
    row_key: str = ""
    value: str | None = None
    source_line: int | None = None

    def __str__(self) -> str:
        row = f", {self.row_key}" if self.row_key else ""
        line = f" (line {self.source_line})" if self.source_line is not None else ""
        cell = f" {self.column} = {self.value}:" if self.column else ""
        return f"{self.table}{row}{line}:{cell} {self.check}"


def check(tables: Mapping[str, pa.Table], registry_ids: Collection[str], *, path: str) -> dict[str, pa.Table]:
    """The same tables, once every row of every table keeps its contract.

    `tables` are those of `schemas.TABLES` as they are read, `registry_ids` the ids of the mission
    registry, `path` the document for messages. Raises ContractError listing every failing row.
    """
    found = failures(tables, registry_ids)
    if found:
        raise refusal(found, path)
    return dict(tables)


def refusal(found: Sequence[Failure], path: str) -> ContractError:
    """The error that tells every failing row of the document at `path`."""
    count = "1 row breaks its contract" if len(found) == 1 else f"{len(found)} rows break their contracts"
    error = ContractError(
        f"{count}\n" + "\n".join(f"- {failure}" for failure in found),
        failures=[asdict(failure) for failure in found],
        hint="look at those lines of the document; if it is right, mend what reads it or the registry",
    )
    error.file = path
    return error


def failures(tables: Mapping[str, pa.Table], registry_ids: Collection[str]) -> list[Failure]:
    """Every failing row of every table, in publication order of the tables."""
    contracts = _contracts()
    found = [
        Failure(name, f"is no table of a report; the nearest is {nearest(name, contracts, 1)[0]}")
        for name in tables
        if name not in contracts
    ]
    rows = {name: tables[name].to_pylist() for name in contracts if name in tables}
    for name, contract in contracts.items():
        if name not in tables:
            found.append(Failure(name, "the table is missing"))
            continue
        found += contract_failures(contract, tables[name])
        for reference in contract.references:
            found += _dangling(contract, rows, reference, registry_ids)
        found += _without_cell(contract, rows)
    return found


@cache
def _contracts() -> dict[str, Contract]:
    """The contracts of what is read; kept, because each builds its Pandera schema once."""
    return {name: contract.as_read() for name, contract in schemas.TABLES.items()}


def contract_failures(contract: Contract, table: pa.Table) -> list[Failure]:
    """Every row of one table that breaks its own contract; references are between tables.

    Where columns are missing or of another type, the rest is still checked.
    """
    found = list(_misshapen(contract, table))
    wrong = {failure.column for failure in found}
    rows = table.to_pylist()
    found += _by_pandera(_without(contract, wrong), table, rows)
    if not wrong:
        for rule in contract.rules:
            for row, holds in zip(rows, rule.holds(table).to_pylist(), strict=True):
                if not holds:
                    found.append(_failure(contract, row, rule.columns, rule.description))
    return found


def _without(contract: Contract, wrong: Collection[str]) -> Contract:
    """What is left of a contract to check where some columns are wrong."""
    if not wrong:
        return contract
    columns = tuple(column for column in contract.columns if column.name not in wrong)
    key = () if set(contract.key) & set(wrong) else contract.key
    return replace(contract, columns=columns, key=key)


def _misshapen(contract: Contract, table: pa.Table) -> Iterator[Failure]:
    """Columns that are missing, unknown, of another type, or out of order."""
    for column in contract.columns:
        if column.name not in table.column_names:
            yield Failure(contract.name, "the column is missing", column.name)
        elif table.schema.field(column.name).type != column.dtype:
            found = table.schema.field(column.name).type
            yield Failure(contract.name, f"must be of type {column.dtype}", column.name, value=str(found))
    for name in table.column_names:
        if name not in contract.names:
            near = nearest(name, contract.names, 1)[0]
            yield Failure(contract.name, f"is no column of the contract; the nearest is {near}", name)
    kept = [name for name in table.column_names if name in contract.names]
    if kept != [name for name in contract.names if name in kept]:
        yield Failure(contract.name, f"columns must come in the order {', '.join(contract.names)}")


def _by_pandera(contract: Contract, table: pa.Table, rows: Sequence[Row]) -> Iterator[Failure]:
    try:
        contract.pandera.validate(table.select(list(contract.names)), lazy=True)
    except pandera.errors.SchemaErrors as errors:
        for error in errors.schema_errors:
            yield from _failing_rows(contract, error, rows)


def _failing_rows(contract: Contract, error: Any, rows: Sequence[Row]) -> Iterator[Failure]:
    """The rows behind one Pandera error, found by the values that it names."""
    column = str(error.schema.name)
    if error.reason_code == SchemaErrorReason.DUPLICATES:
        names: Sequence[str] = contract.key
        words = "the key must be unique"
    elif error.reason_code == SchemaErrorReason.SERIES_CONTAINS_NULLS:
        names, words = [column], "must not be empty"
    elif error.reason_code == SchemaErrorReason.DATAFRAME_CHECK and isinstance(error.check, pap.Check):
        names, words = [column], in_words(error.check)
    else:
        yield Failure(contract.name, str(error).strip(), column)
        return
    values = [tuple(case[name] for name in names) for case in error.failure_cases.to_pylist()]
    for row in rows:
        if tuple(row[name] for name in names) in values:
            yield _failure(contract, row, names, words)


def _failure(contract: Contract, row: Row, names: Sequence[str], words: str) -> Failure:
    values = [None if row[name] is None else str(row[name]) for name in names]
    line = row.get("source_line")
    return Failure(
        contract.name,
        words,
        ", ".join(names),
        contract.row_key(row),
        values[0] if len(values) == 1 else ", ".join(value or "empty" for value in values),
        line if isinstance(line, int) else None,
    )


def _dangling(
    contract: Contract,
    rows: Mapping[str, Sequence[Row]],
    reference: Reference,
    registry_ids: Collection[str],
) -> Iterator[Failure]:
    """Rows that point at a mission or row that there is not."""
    target = reference.target
    if target == "missions":
        known: set[tuple[Any, ...]] = {(mission_id,) for mission_id in registry_ids}
    elif target in rows:
        known = {tuple(row.get(name) for name in reference.target_columns) for row in rows[target]}
    else:
        return  # the table is missing, which is reported as such
    for row in rows[contract.name]:
        pointer = tuple(row.get(name) for name in reference.columns)
        if None in pointer or pointer in known:
            continue
        words = f"must be in {target}"
        if target == "missions" and registry_ids:
            words += f"; the nearest mission is {nearest(str(pointer[0]), registry_ids, 1)[0]}"
        yield _failure(contract, row, reference.columns, words)


def _without_cell(contract: Contract, rows: Mapping[str, Sequence[Row]]) -> Iterator[Failure]:
    """Figures that no printed cell vouches for, or whose cell says something else."""
    figures = {column.name: column.cell for column in contract.columns if column.cell and column.unit}
    if not figures or "cells" not in rows:
        return
    cells = {
        (cell.get("edition_year"), cell.get("row_key"), cell.get("column_name")): cell.get("value_integer")
        for cell in rows["cells"]
        if cell.get("table_name") == contract.name
    }
    for row in rows[contract.name]:
        for name, cell in figures.items():
            if name not in row:
                continue
            place = (row.get("edition_year"), contract.row_key(row), cell)
            figure, printed = row[name], cells.get(place)
            if figure is not None and place not in cells:
                yield _failure(contract, row, [name], "must have a cell that says where it is printed")
            elif figure != printed:
                said = "empty" if printed is None else printed
                yield _failure(contract, row, [name], f"must be what its cell says: {said}")
