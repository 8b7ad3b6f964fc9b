"""What the record says of an edition's vintages, and how rows are added to it."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import schemas
from pipelines.lake import reconciliation, tables
from pipelines.lake.commits import commit
from pipelines.lake.connection import Attached
from pipelines.model import EditionState, Recorded, SourceFile, Versions

if TYPE_CHECKING:
    import pyarrow as pa

READ_AGAIN = "read again"
VERIFICATION = "verification"

_VERSIONS = "code_version, registry_version, declarations_version"
_SOURCE = "edition_year, source_path, source_sha256, source_bytes, source_format, source_fidelity"
STATE = Path(__file__).with_name("edition_state.sql")  # published as a view, too


def latest(lake: Attached, edition_year: int) -> EditionState | None:
    """The newest vintage of an edition, with every version that gave its rows; None if there is none."""
    there, contracts = tables.columns(lake), {**schemas.RELATIONS, **tables.contracts()}
    recorded = ", ".join(
        f"{name} AS ({tables.selection(lake, contracts[name], there.get(name, set()))})"
        for name in ("vintages", "editions_vintages", "verifications", "reconciliations")
    )
    query = f"WITH {recorded} SELECT * FROM ({STATE.read_text(encoding='utf-8')}) WHERE edition_year = ?"
    rows = lake.connection.execute(query, [edition_year]).to_arrow_table().to_pylist()
    return edition_state(rows[0]) if rows else None


def edition_state(row: Mapping[str, Any]) -> EditionState:
    """A row of the relation `edition_state`."""
    return EditionState(
        vintage=row["vintage"],
        cause=row["cause"],
        source=SourceFile(*(row[name] for name in _SOURCE.split(", "))),
        content_hash=row["content_hash"],
        versions=tuple(Versions(*version.values()) for version in row["versions"]),
        seen=frozenset(row["seen_sha256"]),
        rules=row["rules_version"],
        confirmed_at=row["confirmed_at"],
    )


def sources(lake: Attached, edition_year: int) -> list[SourceFile]:
    """The files that an edition's vintages were read from, oldest vintage first."""
    if "editions_vintages" not in tables.columns(lake):
        return []
    rows = lake.rows(
        f"SELECT {_SOURCE} FROM {lake.table('editions_vintages')} WHERE edition_year = ? ORDER BY vintage",
        edition_year,
    )
    return [SourceFile(*row) for row in rows]


def row_counts(lake: Attached, edition_year: int, vintage: int) -> dict[str, int] | None:
    """Rows per table of a vintage; None where there is no such vintage."""
    if "vintages" not in tables.columns(lake):
        return None
    rows = lake.rows(
        f"SELECT row_counts FROM {lake.table('vintages')} WHERE edition_year = ? AND vintage = ?",
        edition_year,
        vintage,
    )
    return cast("dict[str, int]", rows[0][0]) if rows else None


def contents(lake: Attached) -> list[tuple[Any, ...]]:
    """(edition_year, vintage, content_hash) of every vintage, in order."""
    if "vintages" not in tables.columns(lake):
        return []
    return lake.rows(
        f"SELECT edition_year, vintage, content_hash FROM {lake.table('vintages')} "
        "ORDER BY edition_year, vintage"
    )


def withdrawn(lake: Attached, edition_year: int) -> dict[int, bool]:
    """Every vintage of an edition, oldest first, and whether it takes the edition out."""
    if "editions_vintages" not in tables.columns(lake):
        return {}
    rows = lake.rows(
        f"SELECT vintage, withdrawn FROM {lake.table('editions_vintages')} "
        "WHERE edition_year = ? ORDER BY vintage",
        edition_year,
    )
    return dict(rows)


def append(
    lake: Attached,
    vintage: Mapping[str, Any],
    read: Mapping[str, pa.Table],
    *,
    withdrawn: bool = False,
    found: reconciliation.Found | None = None,
) -> Recorded:
    """Commit a vintage: its row, all its tables and what was found in them, together or not at all."""
    year, number, source = vintage["edition_year"], vintage["vintage"], vintage["source_sha256"]
    versions = [vintage[name] for name in _VERSIONS.split(", ")]
    stamps = {"vintage": number, "recorded_at": vintage["recorded_at"], "withdrawn": withdrawn}

    def write() -> None:
        for name in schemas.TABLES:
            tables.insert(lake, f"{name}_vintages", tables.stamped(name, read[name], stamps))
        tables.insert(lake, "vintages", tables.contracts()["vintages"].table([dict(vintage)]))
        if found is not None:
            run = reconciliation.Run(vintage["actor"], vintage["run_id"], vintage["recorded_at"])
            reconciliation.insert(lake, year, number, found, run)

    snapshot = commit(
        lake,
        write,
        key=":".join(["vintage", str(year), str(number), source[:8], *versions]),
        message=f"Edition {year}, vintage {number}: {vintage['cause']} ({vintage['reason']})",
        actor=vintage["actor"],
        info={
            "kind": "vintage",
            "edition_year": year,
            "vintage": number,
            "run_id": vintage["run_id"],
            "source_sha256": source,
            "code_version": vintage["code_version"],
        },
    )
    return Recorded(year, number, vintage["cause"], vintage["reason"], snapshot, True)


def verify(
    lake: Attached,
    held: EditionState,
    versions: Versions,
    result: str,
    actor: str,
    now: datetime.datetime,
) -> None:
    """Commit that other versions read the same rows from the same bytes."""
    year, source = held.source.edition_year, held.source.sha256
    row = {
        "checked_at": now,
        "kind": READ_AGAIN,
        "edition_year": year,
        "result": result,
        "actor": actor,
        "code_version": versions.code,
        "registry_version": versions.registry,
        "declarations_version": versions.declarations,
        "source_sha256": source,
    }
    how = [versions.code, versions.registry, versions.declarations]
    if versions in held.versions:  # rechecked: a key is for one commit
        how.append(now.isoformat())
    commit(
        lake,
        lambda: tables.insert(lake, "verifications", schemas.RECORD["verifications"].table([row])),
        key=":".join([READ_AGAIN, str(year), str(held.vintage), source[:8], *how]),
        message=f"Edition {year} read again: {result}",
        actor=actor,
        info={"kind": READ_AGAIN, "edition_year": year, "vintage": held.vintage},
    )


def verified(lake: Attached, result: str, actor: str, now: datetime.datetime) -> None:
    """Commit what a verification of the whole record found."""
    row = {"checked_at": now, "kind": VERIFICATION, "result": result, "actor": actor}
    commit(
        lake,
        lambda: tables.insert(lake, "verifications", schemas.RECORD["verifications"].table([row])),
        key=f"{VERIFICATION}:{now.isoformat()}",
        message=f"Verification: {result.partition(chr(10))[0]}",
        actor=actor,
        info={"kind": VERIFICATION},
    )


def verifications(lake: Attached) -> list[tuple[datetime.datetime, str]]:
    """When each verification of the whole record was made, oldest first, and its result."""
    if "verifications" not in tables.columns(lake):
        return []
    sql = f"SELECT checked_at, result FROM {lake.table('verifications')} WHERE kind = ? ORDER BY checked_at"
    return [(moment, str(result)) for moment, result in lake.rows(sql, VERIFICATION)]


def release(lake: Attached, row: Mapping[str, Any], actor: str) -> bool:
    """Commit a release unless its id is there; whether it was new."""
    name = row["release_id"]
    if lake.rows(f"SELECT 1 FROM {lake.table('releases')} WHERE release_id = ?", name):
        return False
    commit(
        lake,
        lambda: tables.insert(lake, "releases", schemas.RECORD["releases"].table([dict(row)])),
        key=f"release:{name}",
        message=f"Release {name}",
        actor=actor,
        info={"kind": "release"},
    )
    return True
