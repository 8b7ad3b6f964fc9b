"""`jvom build --dry-run`: reads and checks, writes nothing, says what would change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipelines import raw, sql
from pipelines import reconcile as reconciled
from pipelines.extract import read as reading
from pipelines.other_sources import files as public_sources
from pipelines.plan import Due, Plan
from pipelines.publish import published
from pipelines.settings import Settings
from schemas import registry
from schemas.errors import JvomError

if TYPE_CHECKING:
    import pyarrow as pa

FIGURE_TABLES = ("personnel", "personnel_totals", "mandates")

Row = Mapping[str, object]


@dataclass(frozen=True)
class Change:
    """One figure that would differ from the published file; None where there is none."""

    table_name: str
    row_key: str
    column_name: str
    old_value: object
    new_value: object


@dataclass(frozen=True)
class Rehearsed:
    """What would become of one edition: rows per table and changed figures, or why it is refused.

    `first` is set where the edition is not published yet; then no figure counts as changed.
    `findings` is how many contradictions it holds.
    """

    edition_year: int
    source: str
    reason: str
    first: bool = False
    rows: dict[str, int] = field(default_factory=dict)
    changes: tuple[Change, ...] = ()
    findings: int | None = None
    error: JvomError | None = None


def rehearse(settings: Settings, plan: Plan) -> tuple[Rehearsed, ...]:
    """Every edition of the plan, read and validated; a refused one does not keep the others back."""
    return tuple(_rehearsed(settings, due) for due in plan.editions)


def other_sources(settings: Settings) -> tuple[JvomError, ...]:
    """What is wrong with the figures of other public sources; nothing would be published with it."""
    try:
        public_sources.tables(settings, registry.load())
    except JvomError as error:
        return (error,)
    return ()


def _rehearsed(settings: Settings, due: Due) -> Rehearsed:
    try:
        read, findings = _read(settings, due)
    except JvomError as error:
        return Rehearsed(due.edition_year, due.source.path, due.reason, error=error)
    held = {name: _published(settings, name, due.edition_year) for name in FIGURE_TABLES}
    return Rehearsed(
        due.edition_year,
        due.source.path,
        due.reason,
        first=not any(held.values()),
        rows={name: table.num_rows for name, table in read.items()},
        changes=tuple(_changes(held, read)) if any(held.values()) else (),
        findings=findings,
    )


def _read(settings: Settings, due: Due) -> tuple[dict[str, pa.Table], int]:
    """The tables of an edition, and how many contradictions they hold."""
    known = registry.load()
    data = raw.read(due.source, raw=settings.raw, kept=settings.kept)
    read = reading.read_edition(data, due.source, due.edition, known)
    tables = read.require_tables()
    return tables, len(reconciled.check(tables, known, read.document).findings)


def _changes(held: Mapping[str, list[Row]], read: Mapping[str, pa.Table]) -> Iterable[Change]:
    """Values that differ from the published ones, row by row by the key of the contract."""
    import schemas

    for name, published_rows in held.items():
        contract = schemas.TABLES[name]
        values = [column for column in contract.values if column not in contract.key]
        old, new = (
            dict(zip(contract.row_keys(rows), rows, strict=True))
            for rows in (published_rows, read[name].to_pylist())
        )
        for row_key in sorted({*old, *new}):
            before, after = old.get(row_key, {}), new.get(row_key, {})
            for column in values:
                if before.get(column) != after.get(column):
                    yield Change(name, row_key, column, before.get(column), after.get(column))


def _published(settings: Settings, name: str, edition_year: int) -> list[Row]:
    """The rows of one edition as they are published now."""
    if not settings.published.exists():
        return []
    with published.connect(settings.published) as connection:
        return [*sql.rows(connection, f'SELECT * FROM "{name}" WHERE edition_year = ?', edition_year)]
