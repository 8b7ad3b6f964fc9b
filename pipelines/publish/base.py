"""The base tables of a release: the last published file's rows, and what the lake was given since.

Here belongs how little of the lake is read to publish again: rows of earlier snapshots are in the file
already, and views look at the newest vintage of each edition alone. Where that file says nothing of the
lake's snapshot, or was made by other code or from another lake, everything is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import schemas
from pipelines import sql, versions
from pipelines.lake import Lake
from pipelines.publish import published
from schemas.errors import LakeError

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

Vintage = tuple[int, int]  # edition_year, vintage
Tables = Mapping[str, "pa.Table"]
_NEWEST = "SELECT edition_year, max(vintage) FROM vintages GROUP BY edition_year"


@dataclass(frozen=True)
class Base(Mapping[str, "pa.Table"]):
    """Tables by name: those of every vintage with the newest ones and the new ones, all others whole.

    `news` are the rows of the lake's tables since the published `file` was made; without a `file` they are
    all rows, of all vintages. `snapshot` is the lake's newest, `commit` its key.
    """

    news: Tables
    file: Path | None
    snapshot: int
    commit: str | None
    given: dict[str, pa.Table] = field(default_factory=dict)  # not of the lake: added by whoever has it
    opened: list[DuckDBPyConnection] = field(default_factory=list)  # to the file, also once it is replaced

    def __getitem__(self, name: str) -> pa.Table:
        if name not in self.given:
            self.given[name] = self._of_lake(name)
        return self.given[name]

    def __iter__(self) -> Iterator[str]:
        return iter({**self.news, **self.given})

    def __len__(self) -> int:
        return len({**self.news, **self.given})

    @property
    def changed(self) -> frozenset[int]:
        """Editions with a vintage that the published file does not have."""
        return frozenset(self.news["vintages"]["edition_year"].to_pylist())

    def close(self) -> None:
        """Let the published file go: whoever opens it next in this process sees the new one."""
        while self.opened:
            self.opened.pop().close()

    def _of_lake(self, name: str) -> pa.Table:
        news = self.news[name]
        if self.file is None:
            return news
        if name in schemas.VINTAGE_TABLES:
            return self.with_kept(name, news, f"WHERE (edition_year, vintage) IN ({_NEWEST})")
        # The newest release may be there twice: it was published before its commit was read.
        again = ", ".join(f"'{id}'" for id in news["release_id"].to_pylist()) if name == "releases" else ""
        return self.with_kept(name, news, f"WHERE release_id NOT IN ({again})" if again else "")

    def with_kept(self, name: str, news: pa.Table, which: str) -> pa.Table:
        """New rows of a table and those of the published file that the condition `which` chooses, by key."""
        import pyarrow as pa

        contract = schemas.RELATIONS[name]
        if not self.opened:  # it was closed since
            assert self.file is not None  # asked for before
            self.opened.append(published.connect(self.file))
        query = f"SELECT {sql.names(contract.names)} FROM {contract.name} {which}"
        kept = self.opened[0].execute(query).to_arrow_table()
        both = pa.concat_tables([kept.cast(contract.arrow), news])
        return both.sort_by([(column, "ascending") for column in contract.key])


def load(file: Path, lake: Lake) -> Base:
    """The lake's tables, from the published file as far as it has them."""
    opened = []
    if file.exists():
        with suppress(LakeError):  # it is built anew
            opened.append(published.connect(file))
    state = published.state_of(opened[0]) if opened else None
    usable = (
        state is not None
        and state.snapshot is not None
        and (state.code, state.contract_version) == (versions.publishing(), schemas.CONTRACT_VERSION)
        and lake.commit_at(state.snapshot) == state.commit
        and published.is_compact(opened[0])
    )
    news, snapshot, commit = lake.since(state.snapshot if usable and state else None)
    base = Base(news, file if usable else None, snapshot, commit, opened=opened)
    if not usable:
        base.close()
    return base


def revised(tables: Base) -> Tables:
    """Every vintage of the editions that have a new one."""
    places = tables["vintages"].select(["edition_year", "vintage"]).to_pylist()
    of_changed = [
        (row["edition_year"], row["vintage"]) for row in places if row["edition_year"] in tables.changed
    ]
    return {name: chosen(tables, name, of_changed) for name in schemas.VINTAGE_TABLES}


def chosen(tables: Tables, name: str, vintages: Iterable[Vintage]) -> pa.Table:
    """The rows of these vintages, of a table that has every vintage."""
    import pyarrow.compute as pc

    wanted, rows = pc.scalar(False), tables.news[name] if isinstance(tables, Base) else tables[name]
    pairs, numbers = [*vintages], dict[int, list[int]]()
    for year, vintage in pairs:
        numbers.setdefault(year, []).append(vintage)
    for year, of_year in numbers.items():
        wanted = wanted | ((pc.field("edition_year") == year) & pc.field("vintage").isin(of_year))
    found = rows.filter(wanted)
    if not isinstance(tables, Base) or tables.file is None or not pairs:
        return found
    listed = ", ".join(map(str, pairs))
    return tables.with_kept(name, found, f"WHERE (edition_year, vintage) IN ({listed})")
