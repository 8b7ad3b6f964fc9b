"""What a contract demands, one by one and in words: for messages about rows that fail, and for auditors."""

from collections.abc import Iterator
from dataclasses import dataclass

import pandera.pyarrow as pap

from schemas.contract import Column, Contract


@dataclass(frozen=True)
class Demand:
    """One thing that must hold for every row; `column` is None for what is said of rows as a whole.

    `names` are the columns that a rule over rows is on; empty where it is on the whole row.
    """

    table_name: str
    column: str | None
    check: str
    names: tuple[str, ...] = ()


def demands(contract: Contract) -> Iterator[Demand]:
    for column in contract.columns:
        for check in _of_column(column):
            yield Demand(contract.name, column.name, check)
    if contract.key:
        yield Demand(contract.name, None, f"the key ({', '.join(contract.key)}) must be unique")
    for reference in contract.references:
        pointer = ", ".join(reference.columns)
        yield Demand(contract.name, None, f"{pointer} must be in {reference.target}")
    for rule in contract.rules:
        yield Demand(contract.name, None, rule.description, rule.columns)


def in_words(check: pap.Check) -> str:
    said = check.statistics or {}
    match check.name:
        case "greater_than_or_equal_to":
            return f"must be {said['min_value']} or more"
        case "in_range":
            return f"must lie from {said['min_value']} to {said['max_value']}"
        case "isin":
            return f"must be one of {', '.join(map(str, said['allowed_values']))}"
        case "str_matches":
            return f"must match {getattr(said['pattern'], 'pattern', said['pattern'])}"
    raise ValueError(f"contracts have no check {check.name}")


def _of_column(column: Column) -> Iterator[str]:
    yield f"must be of type {column.sql_type}"
    if not column.nullable:
        yield "must not be empty"
    yield from (in_words(check) for check in column.checks)
    if column.cell:
        said = ", and be what that cell says" if column.unit else ""
        yield f"must have a cell that says where it is printed{said}"
