"""The file for analysts: built aside, replaced in one step, and how everything else reads it.

Here belongs what the file is made of (base tables with comments from the contracts, views, the
lake's newest commit) and how it is opened: read-only, and with no way to other files. What its
views say is for `views`. A build with nothing to do imports this module: no pyarrow, no Pandera.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import schemas
from pipelines import files
from pipelines.model import SourceFile, Versions
from pipelines.sql import column_names, literal
from schemas.errors import LakeError, UsageError

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

    from schemas import Contract

STORAGE_VERSION = "v1.0.0"  # of the file, so that older clients open it too
_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": "false",
    "lock_configuration": "true",
}

_CONTENT = (
    "vintages",
    "reconciliations",
    "mission_registry",
    "mission_relations",
    "findings_across_editions",
    "declared_corrections",
)
_MARKS = {
    "lake_head": "Key of the newest commit of the lake that this file shows.",
    "contract_checks": "Every check of the contracts that rows pass before they are recorded, as JSON.",
    "made_of": "Version of the other public sources that this file shows: observations and UN figures.",
    "built_by": "Version of the code that shaped this file: views, contracts and the building itself.",
}

_READINGS = """
SELECT v.vintage, v.cause, v.recorded_at, v.code_version, v.registry_version, v.declarations_version,
       e.edition_year, e.source_path, e.source_sha256, e.source_bytes, e.source_format, e.source_fidelity
FROM vintages v JOIN editions_vintages e USING (edition_year, vintage)
ORDER BY e.edition_year, v.vintage
"""
_READ_AGAIN = """
SELECT edition_year, source_sha256, checked_at, code_version, registry_version, declarations_version
FROM verifications WHERE kind = 'read again' ORDER BY checked_at
"""
_RULES = """
SELECT edition_year, vintage, max_by(rules_version, reconciled_at) FROM reconciliations GROUP BY ALL
"""


@dataclass(frozen=True)
class Published:
    """An edition as the file shows it: its latest vintage, and what that was read from.

    `versions` are all that gave its rows from these bytes, the last to do so last, and for a restored
    one all by which the edition was read before; `seen` holds the SHA-256 of every file that it was
    ever read from; `rules` is the version of the rules that were the last to look for contradictions.
    """

    vintage: int
    cause: str
    source: SourceFile
    versions: tuple[Versions, ...]
    seen: frozenset[str]
    rules: str | None = None

    @property
    def settled(self) -> bool:
        """Whether somebody withdrew or restored the edition and nothing else has come since."""
        return self.cause in ("withdrawn", "restored")


@dataclass(frozen=True)
class State:
    """What a published file was built from; `head` is the lake's newest commit at that moment.

    `code` is the version of the code that shaped the file (`versions.publishing`), `public` that of
    the other public sources in it.
    """

    release_id: str
    contract_version: str
    head: str | None
    code: str | None
    public: str | None
    editions: Mapping[int, Published]


def base_contracts() -> dict[str, Contract]:
    """Contracts of the tables in the file, by name; every other relation is a view over them."""
    registry = {name: schemas.REGISTRY[name] for name in ("mission_registry", "mission_relations")}
    return {
        **schemas.VINTAGE_TABLES,
        **schemas.RECORD,
        **schemas.DERIVED,
        **schemas.REFUSALS,
        **schemas.PUBLIC,
        **registry,
    }


def release_id(tables: Mapping[str, pa.Table], views_version: str) -> str:
    """Identifier of the content that these base tables make, 12 hexadecimal digits.

    It depends on vintages, what rules found in them, registry, corrections, other public sources, views
    and contract alone: not on runs, times or snapshots.
    """
    digest = hashlib.sha256(f"{schemas.CONTRACT_VERSION}\n{views_version}\n".encode())
    for name in (*_CONTENT, *schemas.PUBLIC):
        rows = tables[name].select(list(base_contracts()[name].values)).to_pylist()
        lines = sorted(json.dumps(row, sort_keys=True, ensure_ascii=False, default=str) for row in rows)
        digest.update("\n".join([name, *lines, ""]).encode())
    return digest.hexdigest()[:12]


def publish(
    target: Path,
    tables: Mapping[str, pa.Table],
    statements: Sequence[str],
    *,
    release_id: str,
    head: str | None,
    code: str | None = None,
    public: str | None = None,
) -> None:
    """Build the file beside `target` and put it there in one step; readers keep the file they opened.

    `tables` are the base tables of `base_contracts()`, `statements` make the views and their
    comments. `releases` must hold `release_id`, which is put last. `head` is `Lake.head()` from
    before the tables were read, `code` the version of the code at work, `public` that
    of the other public sources. Raises LakeError where the
    disk or the folder stands in the way.
    """
    aside = target.with_name(f"{target.name}.building-{os.getpid()}")
    with _writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        _sweep(target)
        try:
            marks = {"lake_head": head, "built_by": code, "contract_checks": _checks(), "made_of": public}
            _build(aside, tables, statements, release_id, marks)
            aside.chmod(0o444)
            # A write-ahead log that some writer left would be replayed into the new file.
            target.with_name(f"{target.name}.wal").unlink(missing_ok=True)
            files.move_into_place(aside, target)
        finally:
            aside.unlink(missing_ok=True)


def connect(path: Path) -> DuckDBPyConnection:
    """A read-only connection that can neither reach other files nor be set otherwise.

    LakeError where there is no such file, or it is no database. While a process has one open, each
    further one shows the same file, even if it was replaced: close it to see the new one.
    """
    import duckdb

    if not path.exists():
        raise LakeError("nothing is published yet", file=str(path), hint="run jvom build")
    try:
        return duckdb.connect(str(path), read_only=True, config=_CONFIG)
    except duckdb.Error as error:
        raise LakeError(
            f"the published file cannot be opened: {error}",
            file=str(path),
            hint="delete it and run jvom build: it is built anew from the lake",
        ) from error


def ask(connection: DuckDBPyConnection, query: str) -> list[str]:
    """Run a user's query and return its column names; UsageError in DuckDB's words where it is wrong."""
    import duckdb

    try:
        connection.execute(query)
    except duckdb.Error as error:
        closed = isinstance(error, duckdb.PermissionException)
        raise UsageError(
            str(error).strip(),
            hint="queries see the published file alone; to use it beside others, open it in DuckDB"
            if closed
            else 'jvom sql "SHOW TABLES" lists the relations, DESCRIBE one its columns',
        ) from error
    return column_names(connection)


def state(path: Path) -> State | None:
    """What the file was built from; None where there is none, or none that can be read.

    An unreadable file counts as absent, so that the next build replaces it.
    """
    import duckdb

    if not path.exists():
        return None
    try:
        with connect(path) as connection:
            releases = connection.execute("SELECT release_id, contract_version FROM releases ORDER BY rowid")
            release, contract_version = releases.fetchall()[-1]
            head, code = connection.execute("SELECT lake_head(), built_by()").fetchone() or (None, None)
            public = _mark(connection, "made_of")
            readings = connection.execute(_READINGS).fetchall()
            again = connection.execute(_READ_AGAIN).fetchall()
            rules = _rules(connection)
    except (LakeError, duckdb.Error, IndexError):
        return None
    return State(release, contract_version, head, code, public, _editions(readings, again, rules))


def _mark(connection: DuckDBPyConnection, name: str) -> str | None:
    """One mark; None also where the file is older than such marks."""
    import duckdb

    try:
        found = connection.execute(f"SELECT {name}()").fetchone()
    except duckdb.CatalogException:
        return None
    return found[0] if found else None


def _checks() -> str:
    from schemas.demands import demands

    return json.dumps(
        [asdict(demand) for contract in schemas.TABLES.values() for demand in demands(contract.as_read())]
    )


def _rules(connection: DuckDBPyConnection) -> dict[tuple[int, int], str]:
    """(edition_year, vintage) → the rules that looked at it last; a file of before has none."""
    there = "SELECT 1 FROM duckdb_tables() WHERE table_name = 'reconciliations'"
    if not connection.execute(there).fetchall():
        return {}
    return {(year, vintage): rules for year, vintage, rules in connection.execute(_RULES).fetchall()}


def _editions(
    readings: Sequence[Sequence[Any]],
    again: Sequence[Sequence[Any]],
    rules: Mapping[tuple[int, int], str],
) -> dict[int, Published]:
    editions: dict[int, Published] = {}
    before: dict[int, list[tuple[Any, Versions]]] = {}  # by what an edition was read, and when
    for year, _, checked_at, *versions in again:
        before.setdefault(year, []).append((checked_at, Versions(*versions)))
    for vintage, cause, recorded_at, code, registry, declarations, *file in readings:
        source = SourceFile(*file)
        year = source.edition_year
        own = Versions(code, registry, declarations)
        checked = (
            Versions(*versions)
            for checked_year, sha256, checked_at, *versions in again
            if (checked_year, sha256) == (year, source.sha256) and checked_at > recorded_at
        )
        known = sorted(before.setdefault(year, []), key=lambda moment: moment[0])
        aside = [version for moment, version in known if moment < recorded_at] if cause == "restored" else []
        seen = editions[year].seen if year in editions else frozenset()
        editions[year] = Published(
            vintage=vintage,
            cause=cause,
            source=source,
            versions=(own, *aside, *checked),
            seen=seen | {source.sha256},
            rules=rules.get((year, vintage)),
        )
        before[year].append((recorded_at, own))
    return editions


def _build(
    file: Path,
    tables: Mapping[str, pa.Table],
    statements: Sequence[str],
    release_id: str,
    marks: Mapping[str, str | None],
) -> None:
    import duckdb

    with duckdb.connect(":memory:", config={"python_enable_replacements": "false"}) as connection:
        connection.execute(f"ATTACH {literal(str(file))} AS file (STORAGE_VERSION '{STORAGE_VERSION}')")
        connection.execute("USE file")
        connection.execute("BEGIN")
        for name, contract in base_contracts().items():
            _fill(connection, contract, tables[name], release_id)
        for statement in statements:
            connection.execute(statement)
        for name, value in marks.items():
            connection.execute(f"CREATE MACRO {name}() AS {literal(value) if value else 'NULL'}")
            connection.execute(f"COMMENT ON MACRO {name} IS {literal(_MARKS[name])}")
        connection.execute("COMMIT")
        connection.execute("CHECKPOINT file")
        connection.execute("USE memory")
        connection.execute("DETACH file")


def _fill(connection: DuckDBPyConnection, contract: Contract, rows: pa.Table, release_id: str) -> None:
    """One base table with its rows and comments; of releases, the one at hand comes last."""
    table = f'"{contract.name}"'
    order = ", ".join(contract.key)
    if contract.name == "releases":
        order = f"release_id = {literal(release_id)}, published_at"
        if release_id not in rows["release_id"].to_pylist():
            raise ValueError(f"release {release_id} is not among the releases to publish")
    connection.execute(f"CREATE TABLE {table} ({contract.ddl})")
    connection.register("rows_to_insert", rows)
    connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM rows_to_insert ORDER BY {order}")
    connection.unregister("rows_to_insert")
    connection.execute(f"COMMENT ON TABLE {table} IS {literal(contract.documentation)}")
    for column in contract.columns:
        text = literal(column.documentation)
        connection.execute(f'COMMENT ON COLUMN {table}."{column.name}" IS {text}')


@contextmanager
def _writing(target: Path) -> Iterator[None]:
    import duckdb

    try:
        yield
    except (OSError, duckdb.IOException, duckdb.OutOfMemoryException) as error:
        raise LakeError(
            f"the published file cannot be written: {error}",
            file=str(target),
            hint="free some disk space or mend its folder, then run jvom build; the file there is untouched",
        ) from error


def _sweep(target: Path) -> None:
    """Remove what builds that died left beside the target."""
    for left in target.parent.glob(f"{target.name}.building-*"):
        pid = left.name.removesuffix(".wal").rpartition("-")[2]
        if not (pid.isdigit() and int(pid) != os.getpid() and _lives(int(pid))):
            with suppress(FileNotFoundError):
                left.unlink()


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it lives, and is another user's
        return True
    return True
