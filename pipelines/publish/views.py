"""Record → views: what the tables say over all editions, as SQL.

Here belongs what is computed from recorded rows: the latest reading of each edition, the registry with
its editions, and the trends. Each view is one readable SELECT in `pipelines/publish/sql`; this module puts
the schema of each relation before its name, so that a view answers under whatever name the file is attached,
puts them in order, runs them, and derives from their text which column comes from which. Some files are
templates for several views of one shape (`_templates`); in `macros` are table macros, each made by its own
CREATE MACRO. Nothing is read from a document here, and nothing is written.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from graphlib import TopologicalSorter
from itertools import groupby, takewhile
from operator import attrgetter
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

import schemas
from pipelines.lake.history import STATE
from pipelines.sql import NO_BAR, literal
from schemas.errors import ContractError
from schemas.vocabulary import FIGURES, SCHEMAS

if TYPE_CHECKING:
    import pyarrow as pa
    from sqlglot import exp
    from sqlglot.optimizer.scope import Scope

    from schemas.contract import Contract

SQL = Path(__file__).parent / "sql"
MACROS = SQL / "macros"
LABELS = Path(schemas.__file__).with_name("labels.toml")
# No replacement scans: a name in the SQL is a relation, never a Python variable. One thread: tables of this
# size only cost more with several.
IN_MEMORY: dict[str, str | bool | int | float | list[str]] = {
    "python_enable_replacements": "false",
    "threads": "1",
}
KEPT = Path(__file__).parent / "lineage.json"  # `python -m pipelines.publish.views` derives it anew
_PARTS = ("frame_civil", "frame_police", "deployed_civil", "deployed_police")  # as some editions print them
_COUNTED = (*FIGURES, *_PARTS)
GROUPS = ("region", "organisation")
_VINTAGE = {"keys": "edition_year, vintage", "about": ""}
# Tables with a macro that gives them as of a moment → what fills its template.
HISTORIES = {
    "personnel": _VINTAGE,
    "mandates": _VINTAGE,
    "findings": {
        "keys": "edition_year, vintage, rules_version",
        "about": " They are those of the last rules that had looked at it; findings between editions are\n"
        "-- not recorded and not among them.",
    },
}
# Under which name the file is attached that a macro reads: as its caller says, what the query has before the
# macro's name, the file in use, or the name that DuckDB gives it beside an empty memory.
_ATTACHED_AS = r"""coalesce(
    attached_as,
    nullif(nullif(trim(regexp_extract(
        current_query(), '("[^"]+"|\w+)\s*\.\s*(?:"?main"?\s*\.\s*)?"?{macro}"?\s*\(', 1, 'i'
    ), '"'), ''), 'main'),
    CASE current_database() WHEN 'memory' THEN 'jvom' ELSE current_database() END
)"""
COMPARED = ("editions", "personnel", "personnel_totals", "mandates", "footnotes", "sections")
Source = tuple[str, str]  # relation, column
Lineage = Mapping[str, Mapping[str, tuple[Source, ...]]]


@dataclass(frozen=True)
class View:
    """One view: `sql` is a single SELECT over qualified names, made of the file `path`."""

    name: str
    sql: str
    path: Path


@cache
def ordered() -> tuple[View, ...]:
    """Every view, each after the views that it selects from; otherwise in publication order.

    Raises ContractError for a file in `pipelines/publish/sql` that makes a view without a contract.
    """
    views = {view.name: view for view in _load()}
    published = [name for name in schemas.RELATIONS if name in views]
    if unknown := sorted(views.keys() - set(published)):
        message = f"no contract in schemas/ for the view {unknown[0]}"
        hint = f"describe {unknown[0]} in schemas/ and list it in schemas/relations.py"
        raise ContractError(message, failures=[{"relation": name} for name in unknown], hint=hint)
    order = TopologicalSorter(
        {name: sorted(_reads(views[name]) & views.keys(), key=published.index) for name in published}
    )
    return tuple(views[name] for name in order.static_order())


def needed(names: Sequence[str]) -> tuple[View, ...]:
    """These views and all that they select from, each after those."""
    wanted: set[str] = set()
    for view in reversed(ordered()):
        if view.name in names or view.name in wanted:
            wanted |= {view.name, *_reads(view)}
    return tuple(view for view in ordered() if view.name in wanted)


def reads(name: str) -> frozenset[str]:
    """The relations that a view selects from."""
    return frozenset(_reads(next(view for view in ordered() if view.name == name)))


def text(name: str) -> str:
    """The SELECT of one view, its template filled in; KeyError if it is unknown."""
    return {view.name: view.sql for view in ordered()}[name]


def version() -> str:
    """Hash of the SQL files and of the words for codes, 12 hexadecimal digits; needs neither sqlglot nor the
    contracts."""
    digest = hashlib.sha256()
    for path in (*sorted(SQL.rglob("*.sql")), LABELS):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def evaluate(base: Mapping[str, pa.Table], views: Sequence[View] | None = None) -> dict[str, pa.Table]:
    """Every view over the base tables, as Arrow: the contract's columns and types, rows by key.

    `base` holds every `<table>_vintages` of `schemas.VINTAGE_TABLES`, the tables of `schemas.RECORD`
    and `schemas.DERIVED`, `mission_registry` and `mission_relations`, as far as the views read them.
    `views` (default: all) must be in order of dependency. Raises ContractError where a view is not
    what its contract says.
    """
    import duckdb

    small = {**IN_MEMORY, "default_block_size": "16384"}  # of which each column of each table takes one
    with duckdb.connect(":memory:", config=small) as connection:
        connection.execute(NO_BAR)
        for schema in SCHEMAS:
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        wanted = ordered() if views is None else views
        for name in {name for view in wanted for name in _reads(view)} & base.keys():
            connection.register(name, base[name])
            connection.execute(f"CREATE VIEW {schemas.RELATIONS[name].qualified} AS FROM temp.main.{name}")
        results = {}
        for view in wanted:
            contract = schemas.RELATIONS[view.name]
            connection.execute(f"CREATE TABLE {contract.qualified} AS\n{view.sql}")
            rows = connection.sql(f"FROM {contract.qualified}").order(", ".join(contract.key))
            results[view.name] = _conform(rows.to_arrow_table(), contract)
        return results


def macros(release_id: str) -> Iterator[str]:
    """SQL that makes the table macros of a release, each with its first lines as its comment."""
    columns = [column for contract in schemas.TABLES.values() for column in contract.columns]
    cells = {column.name: column.cell for column in columns if column.cell and column.cell != column.name}
    whens = " ".join(f"WHEN '{name}' THEN '{cell}'" for name, cell in cells.items())
    # The printed cell that the column named by `column_name` is read from.
    inferences = (SQL / "inferences.sql").read_text(encoding="utf-8").rstrip()
    given = {"cell": f"CASE column_name {whens} ELSE column_name END", "inferences": inferences}
    # Beside another release of the file a macro may be bound to that one: no row of it may come out.
    own = f"(SELECT value FROM build_info WHERE key = 'release_id') = {literal(release_id)}"
    for path in sorted(MACROS.glob("*.sql")):
        sql = path.read_text(encoding="utf-8").rstrip()
        for table, values in HISTORIES.items() if path.stem == "as_of" else [("", given)]:
            text = _filled(sql, {"table": table, **values, "own": own})
            said = [line.removeprefix("--").strip() for line in text.splitlines() if line.startswith("--")]
            if table:
                head, select = text.split(" AS TABLE\n")
                rows = schemas.VINTAGE_TABLES[f"{table}_vintages"].published()
                text = f"{head} AS TABLE\n{with_added(select, rows)}"
            name = f"{table}_{path.stem}" if table else path.stem
            yield _qualified(text, macro=name)
            yield f"COMMENT ON MACRO TABLE {name} IS {literal(' '.join(said))}"


@cache
def lineage() -> Lineage:
    """View → column → its sources one step up, derived from the SQL; see `column_sources`."""
    return MappingProxyType({view.name: MappingProxyType(_columns(view)) for view in ordered()})


def _columns(view: View) -> dict[str, tuple[Source, ...]]:
    if not (kept := _kept(view)):
        return column_sources(view)
    return {
        name: tuple((relation, column) for relation, column in of) for name, of in kept["columns"].items()
    }


def _reads(view: View) -> set[str]:
    kept = _kept(view)
    return set(kept["reads"]) if kept else _relations(view.sql)


def _kept(view: View) -> dict[str, Any] | None:
    """What KEPT says of a view, if it was derived from this SQL and these columns: reading it costs less."""
    of = _read_kept().get(view.name)
    return of if of and of["from"] == _mark(view, of["reads"]) else None


@cache
def _read_kept() -> dict[str, Any]:
    return dict(json.loads(KEPT.read_text(encoding="utf-8"))) if KEPT.exists() else {}


def _mark(view: View, reads: Iterable[str]) -> str:
    contracts = [schemas.RELATIONS[name] for name in sorted({view.name, *reads}) if name in schemas.RELATIONS]
    columns = [(contract.name, [(c.name, c.sql_type) for c in contract.columns]) for contract in contracts]
    return hashlib.sha256(f"{view.sql} {columns}".encode()).hexdigest()[:12]


def derived() -> str:
    """What KEPT must hold: a line for each view, derived anew."""
    lines = []
    for view in ordered():
        reads = sorted(_relations(view.sql))
        of = {"from": _mark(view, reads), "reads": reads, "columns": column_sources(view)}
        lines.append(f"{json.dumps(view.name)}: {json.dumps(of)}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def column_sources(view: View) -> dict[str, tuple[Source, ...]]:
    """Column → the (relation, column) pairs that it is computed from, in the order of the SQL.

    One step up: the relations named in the view's FROM clauses, through its common table
    expressions. What only decides which rows meet (joins, filters, groups, partitions) does not
    count; constants come from nowhere. Raises ContractError where the view's columns are not its
    contract's, and sqlglot's OptimizeError where it names a column that there is not.
    """
    from sqlglot.optimizer.qualify import qualify
    from sqlglot.optimizer.scope import Scope, build_scope

    read = [schemas.RELATIONS[name] for name in sorted(_relations(view.sql))]
    known: dict[str, object] = {
        schema: {of.name: {column.name: column.sql_type for column in of.columns} for of in there}
        for schema, there in groupby(sorted(read, key=attrgetter("schema")), attrgetter("schema"))
    }
    root = build_scope(qualify(_tree(view.sql).copy(), schema=known, dialect="duckdb"))
    assert root is not None  # _tree gives queries only
    names = cast("exp.Query", root.expression).named_selects
    contract = schemas.RELATIONS[view.name]
    _check_names(contract, names)
    given = root.sources.get("given")  # what `with_added` selects from: it would not miss a column too many
    if isinstance(given, Scope):
        own = tuple(column for column in contract.columns if not column.made)
        _check_names(replace(contract, columns=own), cast("exp.Query", given.expression).named_selects)
    return {name: tuple(dict.fromkeys(_origins(root, at))) for at, name in enumerate(names)}


def _load() -> Iterator[View]:
    templates = _templates()
    for path in (*sorted(SQL.glob("*.sql")), STATE):
        for name, values in templates.get(path.stem, {path.stem: {}}).items():
            sql = _filled(path.read_text(encoding="utf-8"), values)
            contract = schemas.RELATIONS.get(name)
            yield View(name, _qualified(with_added(sql.rstrip(), contract) if contract else sql), path)


def with_added(sql: str, contract: Contract) -> str:
    """The SELECT `sql`, with the columns that `Contract.published` adds to those that it gives."""
    if not any(column.made for column in contract.columns):
        return sql
    about = "".join(takewhile(lambda line: line.startswith("--"), sql.splitlines(keepends=True)))
    columns = ",\n    ".join(
        f"{column.made} AS {column.name}" if column.made else f"given.{column.name}"
        for column in contract.columns
    )
    named = any(column.made == "named.name" for column in contract.columns)
    names = "\nLEFT JOIN mission_registry AS named ON named.mission_id = given.mission_id" if named else ""
    return f"{about}SELECT\n    {columns}\nFROM (\n{sql.removeprefix(about)}\n) AS given{names}"


def _filled(sql: str, values: Mapping[str, str]) -> str:
    """A template with its places filled in."""
    for place, text in values.items():
        sql = sql.replace(f"{{{place}}}", text)
    return sql


def _qualified(sql: str, *, macro: str = "") -> str:
    """The SQL with the schema of every relation that it names behind FROM or JOIN.

    A `macro`'s body is bound where it is called, not in the file that holds it: it looks up under which name
    that file is attached.
    """
    inner = set(re.findall(r"^(?:WITH )?(\w+) AS (?:MATERIALIZED )?\($", sql, re.MULTILINE))

    def name(found: re.Match[str]) -> str:
        before, relation = found.groups()
        if relation in inner or relation not in schemas.RELATIONS:
            return found[0]
        place = schemas.RELATIONS[relation].qualified
        attached_as = _filled(_ATTACHED_AS, {"macro": macro})
        return before + (f"query_table('\"' || {attached_as} || '\".{place}')" if macro else place)

    return re.sub(r"\b((?:FROM|JOIN)\s+)(\w+)\b", name, sql)


def _templates() -> dict[str, dict[str, dict[str, str]]]:
    """File that is a template → the views that it makes → what fills its places."""
    tables, found = (
        {name: {"table": name, "columns": ",\n    ".join(c.names), "across": ""} for name, c in of.items()}
        for of in (schemas.TABLES, schemas.RECONCILED)
    )
    across = f"UNION ALL\nSELECT\n    {found['findings']['columns']}\nFROM findings_across_editions"
    found["findings"]["across"] = across
    names = ", ".join(f"'{name}'" for name in FIGURES)
    return {
        "latest": tables,
        "latest_findings": found,
        "revisions": {"revisions": {"cells": "\n    UNION ALL\n".join(map(_values, COMPARED))}},
        "figures_left_out": {"figures_left_out": {"figures": ", ".join(f"'{name}'" for name in _COUNTED)}},
        "edition_totals": {"edition_totals": {"names": names, "figures": ", ".join(FIGURES)}},
        "headline_totals": {"headline_totals": {"names": names}},
        "group_trends": {f"{group}_trends": {"group": group} for group in GROUPS},
    }


def _values(table: str) -> str:
    """A SELECT of what is compared in a table, all vintages, a row each: names and places are not."""
    contract = schemas.VINTAGE_TABLES[f"{table}_vintages"]
    texts = ", ".join(f"'{name}'" for name in contract.compared)
    values = ", ".join(f"CAST({name} AS VARCHAR)" for name in contract.compared)
    return f"""\
    SELECT
        edition_year,
        vintage,
        '{table}' AS table_name,
        {contract.row_key_sql} AS row_key,
        unnest([{texts}]) AS column_name,
        unnest([{values}]) AS value
    FROM {contract.name}"""


@cache
def _tree(sql: str) -> exp.Query:
    """The syntax tree of a SELECT; not to be changed. TypeError for any other statement."""
    import sqlglot
    from sqlglot import exp

    tree = sqlglot.parse_one(sql, read="duckdb")
    if not isinstance(tree, exp.Query):
        raise TypeError(f"a view is one SELECT, not {tree.key.upper()}: {sql[:60]} …")
    return tree


def _relations(sql: str) -> set[str]:
    """Names of the relations that a SELECT reads, its common table expressions aside."""
    from sqlglot import exp

    inner = {expression.alias for expression in _tree(sql).find_all(exp.CTE)}
    return {table.name for table in _tree(sql).find_all(exp.Table)} - inner


def _origins(scope: Scope, position: int) -> Iterator[Source]:
    """Columns of relations that the select item at `position` is computed from."""
    from sqlglot import exp

    for branch in scope.set_operation_scopes:
        yield from _origins(branch, position)
    if scope.set_operation_scopes:
        return
    sources = dict(scope.sources)
    for subquery in scope.subquery_scopes:
        sources |= subquery.sources
    select = cast("exp.Query", scope.expression).selects[position]
    for node in select.walk(bfs=False, prune=_partition):
        if not isinstance(node, exp.Column) or _partition(node):
            continue
        source = sources[node.table]
        if isinstance(source, exp.Table):
            yield source.name, node.name
        else:
            names = cast("exp.Query", source.expression).named_selects
            yield from _origins(source, names.index(node.name))


def _partition(node: exp.Expr) -> bool:
    return node.arg_key == "partition_by"


def _conform(rows: pa.Table, contract: Contract) -> pa.Table:
    """Rows as the contract types them; ContractError where names or nulls say otherwise."""
    _check_names(contract, rows.column_names)
    for column in contract.columns:
        missing = rows[column.name].null_count
        if missing and not column.nullable:
            raise ContractError(
                f"view {contract.name}: {column.name} is null in {missing} of {rows.num_rows} rows",
                failures=[{"relation": contract.name, "column": column.name, "rows": missing}],
                hint=f"see the SQL of {contract.name} in pipelines/publish/sql; a mission without an entry "
                "in schemas/missions.toml has no name, region or organisation",
            )
    return rows.cast(contract.arrow)


def _check_names(contract: Contract, names: Sequence[str]) -> None:
    """ContractError unless a view's columns are its contract's, in order."""
    if tuple(names) == contract.names:
        return
    extra = [name for name in names if name not in contract.names]
    missing = [name for name in contract.names if name not in names]
    wrong = [f"{name} has no contract" for name in extra] + [f"{name} is missing" for name in missing]
    raise ContractError(
        f"view {contract.name}: {'; '.join(wrong) or 'columns in another order than the contract'}",
        failures=[{"relation": contract.name, "column": name} for name in extra + missing],
        hint=f"make pipelines/publish/sql and the contract of {contract.name} in schemas/ agree",
    )


if __name__ == "__main__":
    KEPT.write_text(derived(), encoding="utf-8")
