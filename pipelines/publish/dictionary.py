"""The data dictionary: the catalogue as one Markdown page, by the template `dictionary.md`."""

from collections.abc import Iterable, Sequence

import schemas
from pipelines.harmless import FORMULAS
from pipelines.publish import catalogue, render
from pipelines.publish.catalogue import CatalogueColumn, Relation

SECTIONS = (
    ("data", "Data", "What the editions say, by their latest vintage."),
    ("public", "Other public sources", "Figures of other sources, kept apart from the annexes."),
    ("registry", "Missions", "What the registry of missions says, with the editions held."),
    ("trend", "Trends", "Views over all editions held."),
    ("record", "Record", "What was recorded when, why and by whom; what was published."),
)


def markdown() -> str:
    stages = catalogue.by_stage()
    contents = [
        (title if position == 0 else "", link(relation.name), code([relation.schema]), relation.row)
        for stage, title, _ in SECTIONS
        for position, relation in enumerate(stages[stage])
    ]
    vintages = [
        (f'<a id="{each.name}"></a>`{each.name}`', link(each.vintages_of), each.row, code(each.key))
        for each in catalogue.relations().values()
        if each.vintages_of
    ]
    every = (
        *("Every vintage", "[`<table>_vintages`](#every-vintage)", code(["vintages"])),
        "row of any vintage",
    )
    return render(
        "dictionary.md",
        version=schemas.CONTRACT_VERSION,
        formulas=FORMULAS,
        sections=SECTIONS,
        stages=stages,
        contents=_table(("", "relation", "schema", "one row per"), [*contents, every]),
        columns=_columns,
        code=code,
        link=link,
        vintage=next(iter(schemas.VINTAGE_TABLES.values()))["vintage"],
        vintages=_table(("relation", "columns of", "one row per", "key"), vintages),
    )


def _columns(relation: Relation) -> str:
    """The table of columns, without the headings under which no column has anything."""
    origins = not relation.passes_on
    cells = {
        "column": [
            f'<a id="{relation.name}.{c.name}"></a>'
            + ("**`{}`**" if c.name in relation.key else "`{}`").format(c.name)
            for c in relation.columns
        ],
        "type": [f"`{c.sql_type}`" + ("" if c.nullable else " not null") for c in relation.columns],
        "unit": [column.unit or "" for column in relation.columns],
        "printed heading": [column.printed or "" for column in relation.columns],
        "description": [column.description for column in relation.columns],
        "comes from": [_origins(column) if origins else "" for column in relation.columns],
    }
    filled = {heading: texts for heading, texts in cells.items() if any(texts)}
    return _table(tuple(filled), zip(*filled.values(), strict=True))


def _origins(column: CatalogueColumn) -> str:
    """Origins as links, the relation named once: personnel (deployed_military, …)."""
    grouped: dict[str, list[str]] = {}
    for relation, name in column.comes_from:
        described = relation.removesuffix("_vintages")  # where its columns are described
        grouped.setdefault(relation, []).append(f"[`{name}`](#{described}.{name})")
    return "; ".join(f"{relation}: {', '.join(names)}" for relation, names in grouped.items())


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '&#124;') for cell in line)} |" for line in lines)


def link(relation: str | None) -> str:
    return f"[`{relation}`](#{relation})"


def code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
