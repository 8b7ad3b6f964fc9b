"""What the record says of an edition's vintages, and how rows are added to it: each function one commit.

What rules found in a vintage is kept with it, and added to when the rules change; that is never a vintage
itself. Withdrawing and restoring are new vintages with the rows of an older one.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import schemas
from pipelines import sql
from pipelines.lake import tables
from pipelines.lake.commits import ALSO, commit, commits, snapshot_of
from pipelines.lake.connection import Attached
from pipelines.lake.decision import Content, Copy, Decision
from pipelines.model import EditionState, Recorded, SourceFile, Versions

if TYPE_CHECKING:
    import pyarrow as pa

READ_AGAIN = "read again"
VERIFICATION = "verification"
STATE = Path(__file__).with_name("edition_state.sql")  # published as a view, too

_VERSIONS = {"code": "code_version", "registry": "registry_version", "declarations": "declarations_version"}
_TICK = datetime.timedelta(microseconds=1)
_SOURCE = "edition_year, source_path, source_sha256, source_bytes, source_format, source_fidelity"


@dataclass(frozen=True)
class Authorship:
    """Who adds to the record, in which run, at which commit of the project."""

    actor: str
    run_id: str
    git_commit: str | None = None


@dataclass(frozen=True)
class RuleResults:
    """What one version of the rules found in the rows whose `content_hash` is `content`.

    `tables` are those of `schemas.RECONCILED`, without the columns that the lake adds.
    """

    tables: Mapping[str, pa.Table]
    rules_version: str
    content: str

    @classmethod
    def of(
        cls, found: Mapping[str, list[dict[str, object]]], rules_version: str, content: str
    ) -> RuleResults:
        """From the rows that were found, by table."""
        read = {name: contract.as_read().table(found[name]) for name, contract in schemas.RECONCILED.items()}
        return cls(read, rules_version, content)

    @property
    def counts(self) -> dict[str, int]:
        """The figures of a row of `reconciliations`, by column."""
        severities = Counter(self.tables["findings"]["severity"].to_pylist())
        rows = {name: table.num_rows for name, table in self.tables.items()}
        return {**rows, "errors": severities["error"], "warnings": severities["warn"]}


@dataclass(frozen=True)
class Reading:
    """A document that was read: the tables of `schemas.TABLES`, and what rules found in their rows."""

    source: SourceFile
    tables: Mapping[str, pa.Table]
    results: RuleResults


def edition_states(
    lake: Attached, edition_year: int | None = None, since: int | None = None
) -> dict[int, EditionState]:
    """The newest vintage of each edition, or of one, with every version that gave its rows, by year.

    With `since`, the snapshot of an edition's newest vintage, only rows of that and later commits are read:
    else DuckLake goes through what it knows of every file, of all editions, before it opens one.
    """
    there, known = tables.columns(lake, filled=True), {**schemas.VINTAGE_TABLES, **schemas.RECORD}
    where = "TRUE" if edition_year is None else f"edition_year = {edition_year:d}"
    added = []
    if since is not None:
        later = (number for number, info in commits(lake, since) if _is_of(info, edition_year))
        added = [since, *later]
    selected = []
    names = ("vintages", "editions_vintages", "verifications", "reconciliations")
    rows = tables.inserted(lake, [known[name] for name in names], added) if added else {}
    for name in names:
        chosen = tables.selection(lake, name, known[name].columns, there, where, rows.get(name))
        selected.append(f"{name} AS ({chosen})")
    recorded = ", ".join(selected)
    query = f"WITH {recorded} SELECT * FROM ({STATE.read_text(encoding='utf-8')})"
    return {row["edition_year"]: edition_state(row) for row in sql.rows(lake.connection, query)}


def state_for(lake: Attached, source: SourceFile, content: str) -> EditionState | None:
    """The newest vintage of an edition, for a decision on a reading of `source` that gave `content`.

    Earlier vintages are left aside, also by `seen`, unless that decision looks at them: their number would
    be felt in every commit.
    """
    year = source.edition_year
    state = edition_states(lake, year, snapshot_of(lake, f"vintage:{year}:")).get(year)
    another = state and state.content_hash == content and state.source.sha256 != source.sha256
    if state and (state.cause == "restored" or another):
        state = edition_states(lake, year)[year]
    return state


def released(lake: Attached) -> dict[str, dict[int, int]]:
    """The vintages that each release shows, by edition; releases by their id, the oldest first."""
    query = f"SELECT release_id, vintages FROM {lake.table('releases')} ORDER BY published_at"
    return {name: dict(vintages) for name, vintages in lake.rows(query)}


def contents(lake: Attached) -> dict[tuple[int, int], Content]:
    """What tells every vintage from others of its edition, by edition and number."""
    query = (
        f"SELECT edition_year, vintage, e.withdrawn, v.source_sha256, v.content_hash FROM "
        f"{lake.table('vintages')} v JOIN {lake.table('editions_vintages')} e USING (edition_year, vintage)"
    )
    return {(row[0], row[1]): (row[2], row[3], row[4]) for row in lake.rows(query)}


def _is_of(info: Mapping[str, object], edition_year: int | None) -> bool:
    """Whether a commit may have added to an edition: one that another program made says nothing of itself."""
    return not info or info.get("edition_year") == edition_year


def edition_state(row: Mapping[str, Any]) -> EditionState:
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


@dataclass(frozen=True)
class NewVintage:
    """A vintage to be recorded: its row of `vintages`, all its tables, and what rules found in them."""

    row: Mapping[str, Any]
    read: Mapping[str, pa.Table]
    withdrawn: bool = False
    results: RuleResults | None = None

    @property
    def info(self) -> dict[str, object]:
        """What the commit's extra info has of it; its key first."""
        of = self.row
        year, number, source = of["edition_year"], of["vintage"], of["source_sha256"]
        versions = ":".join(of[name] for name in _VERSIONS.values())
        named = ("edition_year", "vintage", "run_id", "source_sha256", "code_version")
        key = f"vintage:{year}:{number}:{source[:8]}:{versions}"
        return {"key": key, "kind": "vintage", **{name: of[name] for name in named}}

    @property
    def sentence(self) -> str:
        return "Edition {edition_year}, vintage {vintage}: {cause} ({reason})".format(**self.row)

    @property
    def rows(self) -> dict[str, pa.Table]:
        """What it adds to the lake's tables."""
        of, found = self.row, dict[str, "pa.Table"]()
        number, recorded_at = of["vintage"], of["recorded_at"]
        if self.results is not None:
            by = Authorship(of["actor"], of["run_id"])
            found = result_rows(of["edition_year"], number, self.results, by, recorded_at)
        stamps = {"vintage": number, "recorded_at": recorded_at, "withdrawn": self.withdrawn}
        read = {f"{name}_vintages": tables.stamped(name, self.read[name], stamps) for name in schemas.TABLES}
        return {**read, "vintages": tables.contracts()["vintages"].table([dict(of)]), **found}


def new_vintage(
    state: EditionState | None,
    why: Decision,
    read: Mapping[str, pa.Table],
    source: SourceFile,
    versions: Versions,
    by: Authorship,
    results: RuleResults | None,
    now: datetime.datetime,
    content: str,
) -> NewVintage:
    """The vintage that a reading is to become, after the edition's newest, which is `state`."""
    row = {
        "edition_year": source.edition_year,
        "vintage": state.vintage + 1 if state else 1,
        "recorded_at": now,
        "cause": why.cause,
        "reason": why.reason,
        **asdict(by),
        **{column: getattr(versions, name) for name, column in _VERSIONS.items()},
        "source_sha256": source.sha256,
        "content_hash": content,
        "row_counts": [(name, table.num_rows) for name, table in sorted(read.items())],
    }
    ours = results if results is not None and results.content == content else None
    return NewVintage(row, read, results=ours)


def state_after(
    before: EditionState | None, new: NewVintage, source: SourceFile, versions: Versions
) -> EditionState:
    """What is known of an edition once a reading of `source` is its newest vintage."""
    return EditionState(
        vintage=new.row["vintage"],
        cause=new.row["cause"],
        source=source,
        content_hash=new.row["content_hash"],
        versions=(versions,),
        seen=(before.seen if before else frozenset()) | {source.sha256},
        rules=new.results.rules_version if new.results else None,
        confirmed_at=new.row["recorded_at"],
    )


def append_vintages(lake: Attached, new: Sequence[NewVintage]) -> list[Recorded]:
    """Commit one vintage or more: all of them together, or nothing."""
    import pyarrow as pa

    added: dict[str, list[pa.Table]] = {}
    for name, rows in (table for each in new for table in each.rows.items()):
        added.setdefault(name, []).append(rows)

    def write() -> None:
        for name, parts in added.items():
            tables.insert(lake, name, pa.concat_tables(parts))

    first, *others = (each.info for each in new)
    snapshot = commit(
        lake,
        write,
        key=str(first.pop("key")),
        message="; ".join(each.sentence for each in new),
        actor=new[0].row["actor"],
        info={**first, **({ALSO: others} if others else {})},
    )
    named = ("edition_year", "vintage", "cause", "reason")
    of = ({name: each.row[name] for name in named} for each in new)
    return [Recorded(**each, snapshot_id=snapshot, written=True) for each in of]


def append_reading_again(
    lake: Attached,
    state: EditionState,
    sha256: str,
    versions: Versions,
    result: str,
    actor: str,
    now: datetime.datetime,
) -> None:
    """Commit that the same rows were read by other versions, or from other bytes, with hash `sha256`."""
    year = state.source.edition_year
    by_version = {column: getattr(versions, name) for name, column in _VERSIONS.items()}
    key = [READ_AGAIN, str(year), str(state.vintage), sha256[:8], *by_version.values()]
    if versions in state.versions:  # rechecked: a key is for one commit
        key.append(now.isoformat())
    about = {"edition_year": year, "result": result, "actor": actor, "source_sha256": sha256}
    _append(
        lake,
        "verifications",
        {"checked_at": now, "kind": READ_AGAIN, **about, **by_version},
        key=":".join(key),
        message=f"Edition {year} read again: {result}",
        actor=actor,
        info={"kind": READ_AGAIN, "edition_year": year, "vintage": state.vintage},
    )


def append_verification(lake: Attached, result: str, actor: str, now: datetime.datetime) -> None:
    _append(
        lake,
        "verifications",
        {"checked_at": now, "kind": VERIFICATION, "result": result, "actor": actor},
        key=f"{VERIFICATION}:{now.isoformat()}",
        message=f"Verification: {result.partition(chr(10))[0]}",
        actor=actor,
        info={"kind": VERIFICATION},
    )


def append_release(lake: Attached, row: Mapping[str, Any], actor: str) -> bool:
    """Commit a release unless its id is there; whether it was new."""
    name = row["release_id"]
    if lake.rows(f"SELECT 1 FROM {lake.table('releases')} WHERE release_id = ?", name):
        return False
    about = {"key": f"release:{name}", "message": f"Release {name}", "info": {"kind": "release"}}
    _append(lake, "releases", row, actor=actor, **about)
    return True


def _append(lake: Attached, table: str, row: Mapping[str, Any], **about: Any) -> None:
    rows = schemas.RECORD[table].table([dict(row)])
    commit(lake, lambda: tables.insert(lake, table, rows), **about)


def append_results(
    lake: Attached, state: EditionState, results: RuleResults, by: Authorship, now: datetime.datetime
) -> bool:
    """Commit what these rules find in the newest vintage; whether there was anything to commit."""
    if not are_new(results, state):
        return False
    year, vintage, version = state.source.edition_year, state.vintage, results.rules_version
    key, before = ["reconciliation", str(year), str(vintage), version], _looked_at(lake, year, vintage)
    if version in before:  # a key is for one commit
        key.append(now.isoformat())
    count = results.counts["findings"]

    def write() -> None:
        for name, rows in result_rows(year, vintage, results, by, now, before).items():
            tables.insert(lake, name, rows)

    commit(
        lake,
        write,
        key=":".join(key),
        message=f"Edition {year}, vintage {vintage}: {count} {'finding' if count == 1 else 'findings'} "
        f"by rules {version}",
        actor=by.actor,
        info={"kind": "reconciliation", "edition_year": year, "vintage": vintage, "run_id": by.run_id},
    )
    return True


def are_new(results: RuleResults, state: EditionState) -> bool:
    """Whether there is anything to add to the newest vintage: not if these rules were the last to look at
    it, if it has other rows than they looked at, or if it withdraws the edition."""
    looked_at = state.rules == results.rules_version
    return not looked_at and state.cause != "withdrawn" and state.content_hash == results.content


def result_rows(
    year: int,
    vintage: int,
    results: RuleResults,
    by: Authorship,
    now: datetime.datetime,
    before: Mapping[str, datetime.datetime] = MappingProxyType({}),
) -> dict[str, pa.Table]:
    """What rules found in a vintage, for the lake's tables; `before` is which had looked at it, and when.

    Rules that were at work before, and are again, give the rows that are there: only that is noted.
    """
    stamps = {"vintage": vintage, "rules_version": results.rules_version}
    new = results.tables if results.rules_version not in before else {}
    found = {f"{name}_vintages": tables.stamped(name, of, stamps) for name, of in new.items() if of.num_rows}
    row: dict[str, object] = {
        "edition_year": year,
        **stamps,
        # The newest one counts, even if the clock was set back.
        "reconciled_at": max([now, *(moment + _TICK for moment in before.values())]),
        "actor": by.actor,
        "run_id": by.run_id,
        **results.counts,
    }
    return {**found, "reconciliations": schemas.RECORD["reconciliations"].table([row])}


def _looked_at(lake: Attached, edition_year: int, vintage: int) -> dict[str, datetime.datetime]:
    """Version of the rules → when they last looked at a vintage, the last to do so last."""
    query = (
        f"SELECT rules_version, max(reconciled_at) AS moment FROM {lake.table('reconciliations')} "
        "WHERE edition_year = ? AND vintage = ? GROUP BY rules_version ORDER BY moment"
    )
    return dict(lake.rows(query, edition_year, vintage))


def copied(
    lake: Attached, state: EditionState, copy: Copy, reason: str, by: Authorship, now: datetime.datetime
) -> NewVintage:
    """The vintage that has the rows of an older one again, after the edition's newest, which is `state`."""
    year, vintage, withdrawn = copy.edition_year, copy.vintage, copy.action == "withdraw"
    query = f"FROM {lake.table('vintages')} WHERE edition_year = ? AND vintage = ?"
    (row,) = lake.connection.execute(query, [year, vintage]).to_arrow_table().to_pylist()
    cause = "withdrawn" if withdrawn else "restored"
    of_copy = {
        **row,
        "vintage": state.vintage + 1,
        "recorded_at": now,
        "cause": cause,
        "reason": f"vintage {vintage} {cause}: {reason}",
        **asdict(by),
    }
    results: RuleResults | None = None
    place: dict[str, Any] = {"edition_year": year, "vintage": vintage}
    for rules in [*_looked_at(lake, year, vintage)][-1:]:
        found = tables.of_vintage(lake, schemas.RECONCILED, **place, rules_version=rules)
        results = RuleResults(found, rules, row["content_hash"])
    read = tables.of_vintage(lake, schemas.TABLES, **place)
    return NewVintage(of_copy, read, withdrawn, results)
