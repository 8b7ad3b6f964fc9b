"""The data dictionary: contracts and lineage as one Markdown page.

Nothing is described here: every word about a relation or column comes from its contract, and every
origin from the SQL of the views. To bring the page up to date:
`python -m pipelines.publish.dictionary > docs/reference/data-dictionary.md`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import schemas
from schemas.contract import Column, Contract, Reference

ColumnSources = Mapping[str, Sequence[tuple[str, str]]]  # column → (relation, column)

INTRODUCTION = """\
# Data dictionary

Every relation of `warehouse/jvom.duckdb`, contract version {version}. This page is generated from the
contracts in `schemas/` and the SQL in `pipelines/publish/sql/`; the same words stand in the file itself
(`SELECT * FROM duckdb_columns()`) and beside each asset in Dagster.

- **Edition**: one yearly report, named by the year in which it is sent to parliament. The period that
  its figures speak of is another thing: `period_start` to `period_end`.
- **Vintage**: one recorded reading of an edition, counted from 1. Nothing is overwritten; a relation
  shows the latest vintage of each edition that is not withdrawn, unless its name ends in `_vintages`.
- **Frame**: personnel ceiling, in persons. **Deployed**: persons sent over the whole period, every
  rotation counted. It is not a head count on a day, and above the frame is normal.
- An empty cell is null, never 0; a printed 0 is 0. Shares run from 0 to 1, percentages (`…_pct`) from
  0 to 100. Times are in UTC.

Names in **bold** are the key. *Comes from* lists the columns that a column is computed from.
"""

SECTIONS = (
    ("data", "Data", "What the editions say, by their latest vintage."),
    ("public", "Other public sources", "Figures that are no report's, kept apart from the annexes."),
    ("registry", "Missions", "What the registry of missions says, with the editions held."),
    ("trend", "Trends", "Views over all editions held."),
    ("record", "Record", "What was recorded when, why and by whom; what was published."),
)


def markdown(lineage: Mapping[str, ColumnSources]) -> str:
    """The page; `lineage` gives view → column → (relation, column) it is computed from."""
    parts = [INTRODUCTION.format(version=schemas.CONTRACT_VERSION), _contents()]
    for stage, title, summary in SECTIONS:
        parts.append(f"## {title}\n\n{summary}\n")
        parts.extend(_relation(contract, lineage.get(contract.name, {})) for contract in _of(stage))
    parts.append(_vintages())
    return "\n".join(parts)


def _of(stage: str) -> list[Contract]:
    return [
        contract
        for name, contract in schemas.RELATIONS.items()
        if contract.stage == stage and name not in schemas.VINTAGE_TABLES
    ]


def _contents() -> str:
    rows = [
        (title if first else "", _link(contract.name), contract.row)
        for stage, title, _ in SECTIONS
        for first, contract in ((at == 0, contract) for at, contract in enumerate(_of(stage)))
    ]
    rows.append(("Every vintage", "[`<table>_vintages`](#every-vintage)", "row of any vintage"))
    return _table(("", "relation", "one row per"), rows)


def _relation(contract: Contract, sources: ColumnSources) -> str:
    copied = _copied_from(contract, sources)
    facts = [f"Comes from {_link(copied)}, column by column."] if copied else []
    facts += [_reference(reference) for reference in contract.references]
    facts += [f"In every row, {rule.description}." for rule in contract.rules]
    return "\n".join(
        [
            f"### `{contract.name}`\n",
            f"{contract.description}\n",
            f"One row per {contract.row}; key: {_names(contract.key)}.\n",
            *(f"- {fact}" for fact in facts),
            *([""] if facts else []),
            _columns(contract, {} if copied else sources),
        ]
    )


def _reference(reference: Reference) -> str:
    verb = "points" if len(reference.columns) == 1 else "point"
    named = "" if reference.columns == reference.target_columns else f" ({_names(reference.target_columns)})"
    return f"{_names(reference.columns)} {verb} at {_link(reference.target)}{named}."


def _copied_from(contract: Contract, sources: ColumnSources) -> str | None:
    """The one relation whose columns a view passes on unchanged, if that is all it does."""
    relations = {relation for origins in sources.values() for relation, _ in origins}
    same = all([name for _, name in sources.get(column, ())] == [column] for column in contract.names)
    return relations.pop() if same and len(relations) == 1 else None


def _columns(contract: Contract, sources: ColumnSources) -> str:
    """The table of columns, without the headings under which no column has anything."""
    cells = {
        "column": [_anchored(contract, column) for column in contract.columns],
        "type": [_type(column) for column in contract.columns],
        "unit": [column.unit or "" for column in contract.columns],
        "printed heading": [column.printed or "" for column in contract.columns],
        "description": [column.description for column in contract.columns],
        "comes from": [_origins(sources.get(column.name, ())) for column in contract.columns],
    }
    shown = {heading: texts for heading, texts in cells.items() if any(texts)}
    return _table(tuple(shown), zip(*shown.values(), strict=True))


def _anchored(contract: Contract, column: Column) -> str:
    name = f"`{column.name}`"
    shown = f"**{name}**" if column.name in contract.key else name
    return f'<a id="{contract.name}.{column.name}"></a>{shown}'


def _type(column: Column) -> str:
    return f"`{column.sql_type}`" + ("" if column.nullable else " not null")


def _origins(origins: Iterable[tuple[str, str]]) -> str:
    """Origins as links, the relation named once: personnel (deployed_military, …)."""
    grouped: dict[str, list[str]] = {}
    for relation, column in origins:
        described = relation.removesuffix("_vintages")  # where its columns are described
        grouped.setdefault(relation, []).append(f"[`{column}`](#{described}.{column})")
    return "; ".join(f"{relation}: {', '.join(columns)}" for relation, columns in grouped.items())


def _vintages() -> str:
    rows = [
        (
            f'<a id="{name}"></a>`{name}`',
            _link(name.removesuffix("_vintages")),
            contract.row,
            _names(contract.key),
        )
        for name, contract in schemas.VINTAGE_TABLES.items()
    ]
    vintage = next(iter(schemas.VINTAGE_TABLES.values()))["vintage"]
    return (
        "## Every vintage\n\n"
        "The tables of the record, to which rows are only ever added. Each has the columns of the relation "
        "beside it, and `vintage`.\n\n"
        f"`vintage` {_type(vintage)}: {vintage.description}\n\n"
        + _table(("relation", "columns of", "one row per", "key"), rows)
    )


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return (
        "\n".join(f"| {' | '.join(cell.replace('|', '&#124;') for cell in line)} |" for line in lines) + "\n"
    )


def _link(relation: str) -> str:
    return f"[`{relation}`](#{relation})"


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


if __name__ == "__main__":
    from pipelines.publish import views

    print(markdown(views.lineage()), end="")
