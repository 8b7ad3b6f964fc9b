"""The one catalogue of relations and columns: contracts, and the lineage that the views' SQL gives.

Whatever describes the data is a template or a walk over `relations()`: the comments in DuckDB, the
column schema in Dagster, the data dictionary, the package, the site. Nothing is described here: every
word comes from `schemas/`, every origin from `views.lineage()`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import schemas
from pipelines.publish import views
from pipelines.publish.views import Source
from pipelines.sql import literal
from schemas import labels
from schemas.contract import Column, Contract
from schemas.demands import demands

if TYPE_CHECKING:
    import pyarrow as pa

# In the order in which pages show them.
STAGES = ("data", "public", "registry", "trend", "record")


@dataclass(frozen=True)
class CatalogueColumn(Column):
    """A column, and the (relation, column) pairs that a view computes it from, one step up."""

    comes_from: tuple[Source, ...] = ()

    @property
    def comment(self) -> str:
        """Its documentation, what it is called in Dutch and, after an arrow, what it comes from."""
        dutch = labels.dutch(self.name)
        said = f"{self.documentation} Dutch: {dutch}." if dutch else self.documentation
        origin = ", ".join(map(".".join, self.comes_from))
        return f"{said} ← {origin}" if origin else said


@dataclass(frozen=True)
class Relation(Contract):
    """A table or view of the published file: its contract, with the origin of each column."""

    columns: tuple[CatalogueColumn, ...]
    is_view: bool = False

    @property
    def vintages_of(self) -> str | None:
        """The relation whose rows it has for every vintage."""
        return self.name.removesuffix("_vintages") if self.name in schemas.VINTAGE_TABLES else None

    @property
    def passes_on(self) -> str | None:
        """The one relation whose columns a view passes on unchanged, but for those made for readers."""
        own = [column for column in self.columns if not column.made]
        named = {relation for column in own for relation, _ in column.comes_from}
        same = all([name for _, name in column.comes_from] == [column.name] for column in own)
        return named.pop() if same and len(named) == 1 else None

    def comments(self) -> Iterator[str]:
        """SQL that documents it and its columns."""
        kind = "VIEW" if self.is_view else "TABLE"
        yield f"COMMENT ON {kind} {self.qualified} IS {literal(self.documentation)}"
        for column in self.columns:
            yield f'COMMENT ON COLUMN {self.qualified}."{column.name}" IS {literal(column.comment)}'


def describe(contract: Contract, sources: Mapping[str, Iterable[Source]] | None = None) -> Relation:
    """A contract as part of the catalogue; a view has `sources`, by column."""
    columns = [
        CatalogueColumn(**_fields(column), comes_from=tuple((sources or {}).get(column.name, ())))
        for column in contract.columns
    ]
    return Relation(**{**_fields(contract), "columns": tuple(columns)}, is_view=sources is not None)


def _fields(declared: Column | Contract) -> dict[str, Any]:
    return {each.name: getattr(declared, each.name) for each in fields(declared)}


@cache
def relations() -> Mapping[str, Relation]:
    """Every relation of the published file by name, in publication order."""
    lineage = views.lineage()
    return MappingProxyType(
        {name: describe(contract, lineage.get(name)) for name, contract in schemas.RELATIONS.items()}
    )


def by_stage() -> dict[str, list[Relation]]:
    """Relations by stage, without those that hold every vintage."""
    shown = [relation for relation in relations().values() if not relation.vintages_of]
    return {stage: [relation for relation in shown if relation.stage == stage] for stage in STAGES}


def column_lineage() -> pa.Table:
    names = schemas.BUILT["column_lineage"].names
    rows = [
        (relation.name, column.name, source, name, position)
        for relation in relations().values()
        for column in relation.columns
        for position, (source, name) in enumerate(column.comes_from, start=1)
    ]
    return schemas.BUILT["column_lineage"].table([dict(zip(names, row, strict=True)) for row in rows])


def contract_checks() -> pa.Table:
    """The rows of the relation `contract_checks`: what rows pass before they are recorded."""
    return schemas.BUILT["contract_checks"].table(
        [
            {
                "table_name": demand.table_name,
                "position": position,
                "column_name": demand.column,
                "requirement": demand.check,
                "column_names": list(demand.names),
            }
            for contract in schemas.TABLES.values()
            for position, demand in enumerate(demands(contract.as_read()), start=1)
        ]
    )
