"""Which value a trace is about, and which rows and columns of the report it rests on.

Here belongs the way from a question (`untso`, 2024, `change`) to cells: the relation that has the value,
the printed columns it goes back to, and by `Column.reach` the rows and editions. The cells themselves
are in `steps`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

from duckdb import DuckDBPyConnection

import schemas
from pipelines import sql
from schemas.contract import Column
from schemas.errors import UsageError
from schemas.vocabulary import DEPLOYED, FIGURES, TOTAL

# Tables that are read from a report: lineage ends there, and each has its `_vintages`.
PRINTED = ("personnel", "personnel_totals", "mandates", "footnotes", "sections")
_OF_MISSIONS = ("personnel", "mandates", "mission_trends", "mandate_trends", "mission_history")
_OF_TEXT = "mission_endings"
_BY_GIT = "git log -p schemas/missions.toml says who entered it, and when"
_LABELS = ("name", "region", "organisation", "full_name", "countries", "seas")  # of the registry
_GROUPED_BY = {"region_trends": "region", "organisation_trends": "organisation"}
_BESIDE_MISSIONS = ("personnel_totals", "footnotes", "sections")
# What the address of a row that is not a mission's begins with → its table.
_ADDRESSES = {schemas.TABLES[t].address(schemas.TABLES[t].row_prefix): t for t in _BESIDE_MISSIONS}
_EDITIONS = {"previous edition": 2, "three editions": 3, "previous mandate": 2}  # that such a value takes

Columns = tuple[tuple[str, str], ...]  # relation, column


@dataclass(frozen=True)
class Target:
    """A column of a row of `relation`, with its value.

    `row` is the row's address, `row_key` its key in the relation. `comes_from` are the columns that the
    value is computed from, one step up; `table` is the table of the report that it rests on, `columns`
    those of its columns that it goes back to.
    """

    relation: str
    row: str
    row_key: str
    year: int
    column: str
    comes_from: Columns
    table: str
    columns: tuple[str, ...]
    value: object = None
    compares: bool = True  # false of a change between two editions that do not compare

    @property
    def declared(self) -> Column:
        return schemas.RELATIONS[self.relation][self.column]

    @property
    def printed(self) -> bool:
        """Whether it is a column of a table of the report, not of a view on top."""
        return self.relation == self.table

    @property
    def is_label(self) -> bool:
        """Whether the registry declares it for the mission, and no report prints it."""
        return self.column in _LABELS and not self.columns


@dataclass(frozen=True)
class Dependency:
    """Rows of a table in an edition (`keys` None: all of them), and the columns that matter."""

    year: int
    table: str
    keys: tuple[str, ...] | None
    columns: tuple[str, ...]

    def reads(self, cell: str) -> bool:
        """Whether one of the columns is read from the printed cell `cell`."""
        cell_of = schemas.TABLES[self.table].cell_of
        return any(cell in (column, cell_of(column)) for column in self.columns)


def with_keys(relation: str) -> str:
    """A relation whose rows have their row_key, as SQL behind FROM."""
    return f"(SELECT *, {schemas.RELATIONS[relation].row_key_sql} AS row_key FROM {relation})"


def named(connection: DuckDBPyConnection, row: str) -> str | None:
    """The address of a row that is not a mission's, as the file writes it; None if it may be a mission's.

    Those are `total`, `footnote:13`, `section:2.1`, the name of a figure, a region, an organisation.
    """
    if _table_at(row):
        return row
    return next((known for known in _groups(connection) if known.lower() == row.lower()), None)


def find(connection: DuckDBPyConnection, row: str, year: int, column: str, vintage: int | None) -> Target:
    """The target of a question; UsageError with the nearest that exists where it has no answer.

    `row` is a mission_id or what `named` gives; `column` may be `relation.column`.
    """
    relation, _, name = column.rpartition(".")
    one = _table_at(row) or _groups(connection).get(row)
    candidates = (one,) if one else _OF_MISSIONS
    if relation and relation not in candidates:
        raise _elsewhere(connection, relation, row, year, candidates)
    # Of a table its own columns: names and labels beside them are no part of its vintages.
    known_as = {**schemas.RELATIONS, **{each: schemas.TABLES[each] for each in PRINTED}}
    contracts = [known_as[each] for each in candidates if relation in ("", each)]
    # What says something of its row: not its key, and not where it is printed.
    columns = {of.name: [column for column in of.values if column not in of.key] for of in contracts}
    targets = [_target(connection, each, row, year, name) for each, known in columns.items() if name in known]
    if not targets:
        of_text = schemas.RELATIONS[_OF_TEXT]
        if not relation and name in of_text.names and not any(name in of.names for of in contracts):
            said = f"{name} is read from running text, which has no cells"
            first = name.split("_")[0]  # of contribution, mission or reason
            place = ("edition_year", "source_page", "source_line") if first == "contribution" else ()
            ways = ("_id", "_nl", "_en", "_from", "_to", "_precision")  # further forms of the same
            about = [of for of in of_text.names if of.startswith(f"{first}_") and not of.endswith(ways)]
            query = f"SELECT {', '.join([*about, *place])} FROM {_OF_TEXT} WHERE mission_id = '{row}'"
            raise UsageError(said, hint=f'its words, edition, page and line: jvom sql "{query}"')
        if not relation and one is None and name in _LABELS:
            raise _declared(row, name)
        known = list(dict.fromkeys(known for of_relation in columns.values() for known in of_relation))
        near = get_close_matches(name, known, 3, cutoff=0) or known
        raise UsageError(f"no column {column!r} for {row}", hint=f"nearest: {', '.join(near)}")
    for target in targets:
        if (vintage is None or target.printed) and (found := _rows(connection, target, vintage)):
            return replace(target, value=found[0][name], compares=found[0].get("comparable") is not False)
    raise _missing(connection, targets[0], vintage)


def _elsewhere(
    connection: DuckDBPyConnection, relation: str, row: str, year: int, candidates: Sequence[str]
) -> UsageError:
    """Why a row of a relation without cells of its own cannot be traced, and what says where it is from."""
    contract = schemas.RELATIONS.get(relation)
    if contract is None:
        near = get_close_matches(relation, schemas.RELATIONS, 1, cutoff=0)
        return UsageError(f"there is no relation {relation}", hint=f"the nearest is {near[0]}")
    if relation in schemas.REGISTRY:
        return _declared(row, relation)
    at = {"edition_year": year, "mission_id": row, "quantity": row}
    columns = [name for name in at if name in contract.names and (name != "quantity" or row in FIGURES)]
    where = " AND ".join(f"{name} = {at[name]!r}" for name in columns)
    keyed = any(name != "edition_year" for name in columns)
    query = f"SELECT count(*) FROM {relation} WHERE {where}"
    count = connection.execute(query).fetchone() if keyed else None
    if not count or not count[0]:
        return UsageError(f"{row} has no row in {relation}", hint=f"it may be in {', '.join(candidates)}")
    said = f"{relation} has {count[0]} row{'s' * (count[0] > 1)} of {row}; none is one printed cell"
    return UsageError(said, hint=f'where each is from is in it: jvom sql "FROM {relation} WHERE {where}"')


def _declared(row: str, what: str) -> UsageError:
    said = f"{what} of {row} is declared in schemas/missions.toml, and printed nowhere"
    return UsageError(said, hint=_BY_GIT)


def formula(target: Target, editions: int) -> str | None:
    """How a value that no document prints is computed; `editions` is how many it was computed from."""
    if target.is_label:
        return f"declared in schemas/missions.toml of the mission that is printed; {_BY_GIT}"
    if target.printed or target.declared.formula is None:
        return None
    missing = _EDITIONS.get(target.declared.reach, 1) - editions
    lacking = f"; editions that are missing of those that it takes: {missing}" if missing > 0 else ""
    return target.declared.formula + lacking + ("" if target.compares else "; the two do not compare")


def dependencies(connection: DuckDBPyConnection, target: Target) -> Iterator[Dependency]:
    """What the value rests on, its own edition first."""
    if target.relation == "mission_history":
        yield from _over_editions(connection, target)
    elif target.relation == "edition_totals":
        yield from _of_totals(connection, target)
    else:
        read = ("mission_as_printed",) if target.is_label else target.columns
        columns = (target.column,) if target.printed else read
        for year in (target.year, *_before(connection, target)):
            yield Dependency(year, target.table, _keys(connection, target, year), columns)


def _table_at(row: str) -> str | None:
    head, colon, _ = row.partition(":")
    return _ADDRESSES.get(head + colon)


def _groups(connection: DuckDBPyConnection) -> dict[str, str]:
    """A figure, region or organisation → its relation; from the registry, since views take time."""
    groups = dict.fromkeys(FIGURES, "edition_totals")
    for relation, column in reversed(_GROUPED_BY.items()):
        found = connection.execute(f"SELECT DISTINCT {column} FROM mission_registry").fetchall()
        groups |= dict.fromkeys((name for (name,) in found), relation)
    return groups


def _target(connection: DuckDBPyConnection, relation: str, row: str, year: int, column: str) -> Target:
    table = relation if relation in PRINTED else "mandates" if relation == "mandate_trends" else "personnel"
    return Target(
        relation=relation,
        row=row,
        row_key=row.removeprefix(schemas.RELATIONS[relation].address_prefix),
        year=year,
        column=column,
        comes_from=_comes_from(connection, relation, column),
        table=table,
        columns=_printed_columns(connection, relation, column, table),
    )


def _comes_from(connection: DuckDBPyConnection, relation: str, column: str) -> Columns:
    query = """SELECT source_relation, source_column FROM column_lineage
        WHERE relation = ? AND "column" = ? ORDER BY position"""
    return tuple(connection.execute(query, [relation, column]).fetchall())


def _printed_columns(
    connection: DuckDBPyConnection, relation: str, column: str, table: str
) -> tuple[str, ...]:
    """The columns of `table` that a column goes back to, through all views between."""
    if relation in PRINTED:
        return (column,) if relation == table else ()
    found: dict[str, None] = {}
    for source in _comes_from(connection, relation, column):
        found |= dict.fromkeys(_printed_columns(connection, *source, table))
    return tuple(found)


def _rows(connection: DuckDBPyConnection, target: Target, vintage: int | None) -> list[sql.Row]:
    """The row of the target: the latest, or that of a vintage."""
    relation = target.relation if vintage is None else f"{target.relation}_vintages"
    at = {"row_key": target.row_key, "edition_year": target.year, "vintage": vintage}
    known = [name for name in at if at[name] is not None]
    if "edition_year" not in schemas.RELATIONS[relation].names:
        known.remove("edition_year")
    where = " AND ".join(f"{name} = ?" for name in known)
    beside = ", comparable" if target.column.startswith("change") else ""
    query = f'SELECT "{target.column}"{beside} FROM {with_keys(relation)} WHERE {where}'
    return sql.rows(connection, query, *(at[name] for name in known))


def _keys(connection: DuckDBPyConnection, target: Target, year: int) -> tuple[str, ...] | None:
    """The rows of an edition; a group's are those of its missions."""
    if target.declared.reach == "edition":
        return None
    if target.relation not in _GROUPED_BY:
        return (target.row_key,)
    group = f"{_GROUPED_BY[target.relation]} = ? AND listed"
    return _missions(connection, "mission_trends", year, group, target.row_key)


def _missions(
    connection: DuckDBPyConnection, relation: str, year: int, where: str, value: object
) -> tuple[str, ...]:
    query = f"SELECT mission_id FROM {relation} WHERE edition_year = ? AND {where} ORDER BY mission_id"
    return tuple(mission for (mission,) in connection.execute(query, [year, value]).fetchall())


def _before(connection: DuckDBPyConnection, target: Target) -> list[int]:
    """The earlier editions that a value reaches back to, the latest of them first."""
    query = "SELECT edition_year FROM {} WHERE {} AND edition_year < ? ORDER BY edition_year DESC LIMIT ?"
    reach = target.declared.reach
    values: list[object] = [target.year, _EDITIONS.get(reach, 1) - 1]
    if reach == "previous mandate":
        query, values = query.format("mandates", "mission_id = ?"), [target.row_key, *values]
    found = connection.execute(query.format("editions", "TRUE"), values)
    return [year for (year,) in found.fetchall()]


def _over_editions(connection: DuckDBPyConnection, target: Target) -> Iterator[Dependency]:
    """A mission's row in every edition that lists it, the last one first."""
    columns = target.columns
    if "deployed_military" not in columns:  # then the value says in which editions the mission is
        columns = ("mission_as_printed",)
    query = "SELECT edition_year FROM personnel WHERE mission_id = ? ORDER BY edition_year DESC"
    years = [year for (year,) in connection.execute(query, [target.row_key]).fetchall()]
    for year in years[:1] if target.declared.reach == "latest edition" else years:
        yield Dependency(year, "personnel", (target.row_key,), columns)


def _of_totals(connection: DuckDBPyConnection, target: Target) -> Iterator[Dependency]:
    """The printed total, the rows that it is compared with, or both."""
    figures = DEPLOYED if target.column == "sum_of_military_and_civil_police" else (target.row_key,)
    reach = target.declared.reach
    keys: tuple[str, ...] | None = None
    if reach in ("separate reports", "other reports"):
        separate = reach == "separate reports"
        keys = _missions(connection, "personnel", target.year, "separate_report = ?", separate)
    if reach.startswith("totals row"):
        yield Dependency(target.year, "personnel_totals", (TOTAL,), figures)
    if reach != "totals row":
        yield Dependency(target.year, "personnel", keys, figures)


def _missing(connection: DuckDBPyConnection, target: Target, vintage: int | None) -> UsageError:
    """Why there is no such row, and what exists instead."""
    year = target.year
    if vintage is not None and not target.printed:
        how = "declared in schemas/missions.toml" if target.is_label else "computed from the latest vintages"
        message = f"{target.column} is {how} and has no vintages itself"
        showed = "SELECT release_id FROM releases WHERE vintages[?] = ? ORDER BY published_at, release_id"
        ids = [name for (name,) in connection.execute(showed, [year, vintage]).fetchall()]
        kept = f"data/{target.relation}.csv in warehouse/releases/, of {', '.join(ids[-3:])}"
        then = f"as published then: {kept}" if ids else f"no release showed vintage {vintage} of {year}"
        hint = f"today's without --vintage; {then}"
        return UsageError(message, hint=hint)
    query = "SELECT vintage FROM vintages WHERE edition_year = ? ORDER BY vintage"
    vintages = [number for (number,) in connection.execute(query, [year]).fetchall()]
    if vintages and vintage is not None and vintage not in vintages:
        hint = f"it has {vintages[0]} to {vintages[-1]}: jvom vintages {year}"
        return UsageError(f"edition {year} has no vintage {vintage}", hint=hint)
    editions = [known for (known,) in connection.execute("SELECT edition_year FROM editions").fetchall()]
    if vintage is None and year not in editions:
        if vintages:
            hint = f"--vintage N shows one of 1 to {vintages[-1]}"
            return UsageError(f"edition {year} is withdrawn", hint=hint)
        known = ", ".join(map(str, sorted(editions))) or "none"
        return UsageError(f"edition {year} is not in the warehouse", hint=f"editions: {known}")
    listed: list[int] = []
    if target.relation in _OF_MISSIONS or target.printed:
        query = f"SELECT DISTINCT edition_year FROM {with_keys(target.table)} WHERE row_key = ? ORDER BY 1"
        listed = [known for (known,) in connection.execute(query, [target.row_key]).fetchall()]
    hint = f"editions with one: {', '.join(map(str, listed)) or 'none'}"
    return UsageError(f"{target.relation} of edition {year} has no row for {target.row}", hint=hint)
