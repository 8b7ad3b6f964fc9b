"""What a contract demands, one by one and in words: for messages about rows that fail, and for auditors."""

from collections.abc import Iterator
from dataclasses import dataclass

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


def of_values(column: Column) -> dict[str, str]:
    """What the values of a column must be, by the name of Pandera's check."""
    said = {}
    if column.one_of:
        said["isin"] = f"must be one of {', '.join(column.one_of)}"
    if column.matches is not None:
        said["str_matches"] = f"must match {column.matches}"
    if column.at_least is not None:
        said["greater_than_or_equal_to"] = f"must be {column.at_least} or more"
    if column.between:
        said["in_range"] = "must lie from {} to {}".format(*column.between)
    return said


def _of_column(column: Column) -> Iterator[str]:
    yield f"must be of type {column.sql_type}"
    if not column.nullable:
        yield "must not be empty"
    yield from of_values(column).values()
    if column.cell:
        said = ", and be what that cell says" if column.unit else ""
        yield f"must have a cell that says where it is printed{said}"
