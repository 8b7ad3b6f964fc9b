"""Are the tables of an edition what their contracts say? Every row that breaks one, all at once.

What must hold is said in `schemas`; here it is only evaluated: types, nulls, values and keys by Arrow
where all is well, else by Pandera, which says what is not; then row rules, references between the tables,
that every printed value has its cell, and that declared corrections still fit the cells that they correct.
Nothing is changed here.

Pandera's Arrow backend names the value that failed but not its row, so rows are found by value.
"""

import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

import schemas
from schemas.contract import Column, Contract, Reference, Row
from schemas.demands import of_values
from schemas.errors import ContractError, JvomError, Problems, RegistryError
from schemas.registry import Correction
from schemas.registry_toml import nearest

CORRECTIONS = "schemas/corrections.toml"


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


def refusal(failing: Sequence[Failure], path: str) -> ContractError:
    """The error that names every failing row of the document at `path`."""
    count = "1 row breaks its contract" if len(failing) == 1 else f"{len(failing)} rows break their contracts"
    error = ContractError(
        f"{count}\n" + "\n".join(f"- {failure}" for failure in failing),
        failures=[asdict(failure) for failure in failing],
        hint="look at those lines of the document; if it is right, mend what reads it or the registry",
    )
    error.file = path
    return error


def failures(tables: Mapping[str, pa.Table], registry_ids: Collection[str]) -> list[Failure]:
    """Every failing row of every table, in publication order of the tables.

    `tables` are those of `schemas.TABLES` as they are read, `registry_ids` the ids of all missions.
    """
    contracts = _contracts()
    unknown = "is not a table of a report; the nearest is {}"
    near = {name: nearest(name, contracts, 1)[0] for name in tables if name not in contracts}
    failing = [Failure(name, unknown.format(other)) for name, other in near.items()]
    rows = {name: tables[name].to_pylist() for name in contracts if name in tables}
    for name, contract in contracts.items():
        if name not in tables:
            failing.append(Failure(name, "the table is missing"))
            continue
        failing += contract_failures(contract, tables[name])
        for reference in contract.references:
            failing += _dangling(contract, rows, reference, registry_ids)
        if "cells" in rows:
            unconfirmed = without_cell(contract, rows[name], rows["cells"])
            failing += [_failure(contract, row, [column], words) for row, column, words in unconfirmed]
    return failing


@cache
def _contracts() -> dict[str, Contract]:
    """The contracts of what is read; kept, because each builds its Pandera schema once."""
    return {name: contract.as_read() for name, contract in schemas.TABLES.items()}


def contract_failures(contract: Contract, table: pa.Table) -> list[Failure]:
    """Every row of one table that breaks its own contract; references are between tables.

    Where columns are missing or of another type, the rest is still checked.
    """
    failing = list(_misshapen(contract, table))
    wrong = {failure.column for failure in failing}
    right = tuple(column for column in contract.columns if column.name not in wrong)
    key = () if wrong & set(contract.key) else contract.key
    checked = replace(contract, columns=right, key=key) if wrong else contract
    if not _is_kept(checked, table):
        failing += _broken(checked, table)
    for rule in contract.rules if not wrong else ():
        holds = rule.holds(table)
        if not _all(holds):
            broken = table.filter(pc.invert(pc.fill_null(holds, False))).to_pylist()
            failing += [_failure(contract, row, rule.columns, rule.description) for row in broken]
    return failing


def _is_kept(contract: Contract, table: pa.Table) -> bool:
    """Whether all columns and the key keep the contract for certain; the columns are of its types.

    A small part of what Pandera costs to load and to run, and it decides only where nothing is wrong.
    """
    if not all(_column_is_kept(column, table[column.name]) for column in contract.columns):
        return False
    return not contract.key or table.group_by(list(contract.key)).aggregate([]).num_rows == table.num_rows


def _column_is_kept(column: Column, given: pa.ChunkedArray) -> bool:
    values = given.drop_null() if given.null_count else given
    if not column.nullable and (
        given.null_count or (pa.types.is_floating(given.type) and not _all(pc.invert(pc.is_nan(values))))
    ):
        return False
    return (
        (not column.one_of or _all(pc.is_in(values, pa.array(column.one_of, given.type))))
        and (column.matches is None or _all(pc.match_substring_regex(values, f"^(?:{column.matches})")))
        and (column.at_least is None or _all(pc.greater_equal(values, column.at_least)))
        and (not column.between or _all(pc.greater_equal(values, column.between[0])))
        and (not column.between or _all(pc.less_equal(values, column.between[1])))
    )


def _all(holds: pa.ChunkedArray) -> bool:
    """Whether every value is true; so it is of none."""
    return bool(pc.all(holds, skip_nulls=False, min_count=0).as_py())


def _broken(contract: Contract, table: pa.Table) -> Iterator[Failure]:
    """The rows that break what is said of columns and of the key, as Pandera finds them."""
    for name in ("numpy", "pandas"):  # which the command line keeps away: Pandera asks for them
        if sys.modules.get(name, name) is None:
            del sys.modules[name]
    from pandera.errors import SchemaErrors

    try:
        contract.pandera.validate(table.select(list(contract.names)), lazy=True)
    except SchemaErrors as errors:
        rows = table.to_pylist()
        for error in errors.schema_errors:
            yield from _failing_rows(contract, error, rows)


def without_cell(
    contract: Contract, rows: Sequence[Row], cells: Iterable[Row]
) -> Iterator[tuple[Row, str, str]]:
    """Printed values that no cell confirms: the row, the column, and what must hold.

    `cells` are the rows of `cells`, or of `cells_vintages` where `rows` are of vintages too.
    """
    columns = [column for column in contract.columns if column.cell]
    if not columns:
        return
    key = ("edition_year", "vintage", "table_name", "row_key", "column_name")
    printed = {tuple(map(cell.get, key)): cell.get("value_integer") for cell in cells}
    table = contract.name.removesuffix("_vintages")
    for row, row_key in zip(rows, contract.row_keys(rows), strict=True):
        for column in columns:
            value = row.get(column.name)
            place = (row.get("edition_year"), row.get("vintage"), table, row_key, column.cell)
            if value is not None and place not in printed:
                yield row, column.name, "must have a cell that says where it is printed"
            elif column.unit and column.name in row and value != printed.get(place):
                cell = printed.get(place)
                yield row, column.name, f"must be what its cell says: {'empty' if cell is None else cell}"


def check_corrections(
    tables: Mapping[str, pa.Table], corrections: Iterable[Correction], edition_year: int, *, path: str
) -> None:
    """Raise Problems, one for each declared correction of the edition that the document does not print.

    Such a correction has expired, or was never right; the edition is refused until somebody has looked.
    """
    of_edition = [correction for correction in corrections if correction.edition_year == edition_year]
    if of_edition:
        key = ("table_name", "row_key", "column_name")
        cells = {tuple(map(row.get, key)): row for row in tables["cells"].to_pylist()}
        if problems := [problem for each in of_edition if (problem := _unfit(each, cells, path))]:
            raise Problems(problems)


def _unfit(correction: Correction, cells: Mapping[tuple[Any, ...], Row], path: str) -> JvomError | None:
    """What is wrong with one correction; None where the cell prints what it says."""
    entry = f"{CORRECTIONS}, correction {correction.entry} ({correction.cell})"
    cell = cells.get((correction.table_name, correction.row_key, correction.column_name))
    if cell is None:
        near = nearest(correction.cell, [", ".join(key) for key in cells], 1)
        message = f"{entry}: the document has no such cell" + (f"; the nearest is {near[0]}" if near else "")
        hint = f"correct the entry in {CORRECTIONS}, or remove it"
        return RegistryError(message, file=path, hint=hint)
    if (correction.printed_value or "") == (cell["as_printed"] or ""):
        return None
    said = (cell["as_printed"], correction.printed_value)
    printed, declared = (repr(value) if value else "nothing" for value in said)
    return RegistryError(
        f"{entry}: the cell prints {printed}, not {declared}",
        file=path,
        page=cell["source_page"],
        line=cell["source_line"],
        hint=f"if the document has been mended, remove the entry from {CORRECTIONS}; "
        "else correct its printed_value",
    )


def _misshapen(contract: Contract, table: pa.Table) -> Iterator[Failure]:
    """Columns that are missing, unknown, of another type, or out of order."""
    for column in contract.columns:
        if column.name not in table.column_names:
            yield Failure(contract.name, "the column is missing", column.name)
        elif (dtype := table.schema.field(column.name).type) != column.dtype:
            yield Failure(contract.name, f"must be of type {column.dtype}", column.name, value=str(dtype))
    for name in table.column_names:
        if name not in contract.names:
            near = nearest(name, contract.names, 1)[0]
            yield Failure(contract.name, f"is not a column of the contract; the nearest is {near}", name)
    kept = [name for name in table.column_names if name in contract.names]
    if kept != [name for name in contract.names if name in kept]:
        yield Failure(contract.name, f"columns must come in the order {', '.join(contract.names)}")


def _failing_rows(contract: Contract, error: Any, rows: Sequence[Row]) -> Iterator[Failure]:
    """The rows behind one Pandera error, found by the values that it names."""
    from pandera.errors import SchemaErrorReason
    from pandera.pyarrow import Check

    names: Sequence[str] = [str(error.schema.name)]
    if error.reason_code == SchemaErrorReason.DUPLICATES:
        names, words = contract.key, "the key must be unique"
    elif error.reason_code == SchemaErrorReason.SERIES_CONTAINS_NULLS:
        words = "must not be empty"
    elif error.reason_code == SchemaErrorReason.DATAFRAME_CHECK and isinstance(error.check, Check):
        words = of_values(contract[names[0]])[str(error.check.name)]
    else:
        yield Failure(contract.name, str(error).strip(), names[0])
        return
    values = [tuple(case[name] for name in names) for case in error.failure_cases.to_pylist()]
    for row in rows:
        if tuple(row[name] for name in names) in values:
            yield _failure(contract, row, names, words)


def _failure(contract: Contract, row: Row, names: Sequence[str], words: str) -> Failure:
    values = [None if row[name] is None else str(row[name]) for name in names]
    value = values[0] if len(values) == 1 else ", ".join(value or "empty" for value in values)
    line = row.get("source_line")
    key, at = contract.row_key(row), line if isinstance(line, int) else None
    return Failure(contract.name, words, ", ".join(names), key, value, at)


def _dangling(
    contract: Contract, rows: Mapping[str, Sequence[Row]], reference: Reference, registry_ids: Collection[str]
) -> Iterator[Failure]:
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
