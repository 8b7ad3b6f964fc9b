"""The base tables of a release: the last published file's rows, and what the lake was given since.

Here belongs how little of the lake is read to publish again: rows of earlier snapshots are in the file
already, and views look at the newest vintage of each edition alone. Where that file says nothing of the
lake's snapshot, or was made by other code or from another lake, everything is read.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import schemas
from pipelines import sql, versions
from pipelines.lake import Lake
from pipelines.publish import published
from schemas.errors import LakeError

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.compute as pc
    from duckdb import DuckDBPyConnection

Vintage = tuple[int, int]  # edition_year, vintage
Span = tuple[int, int]  # editions, from one to another
Tables = Mapping[str, "pa.Table"]
_NEWEST = "SELECT edition_year, max(vintage) FROM vintages GROUP BY edition_year"


@dataclass(frozen=True)
class Base(Mapping[str, "pa.Table"]):
    """Tables by name: those of every vintage with the newest ones and the new ones, all others whole.

    `news` are the rows of the record since the published `file` was made; without a `file` all rows. Those
    of the tables of vintages are read from the lake once, some editions at a time, into files aside.
    `snapshot` is the lake's newest, `commit` its key, `since` the file's.
    """

    lake: Lake
    since: int | None
    news: Tables
    snapshot: int
    commit: str | None
    file: Path | None
    opened: DuckDBPyConnection | None = None  # the file as it was looked at, also once it is replaced
    given: dict[str, pa.Table] = field(default_factory=dict)  # not of the lake: added by whoever has it
    _leaving: ExitStack = field(default_factory=ExitStack)

    def __getitem__(self, name: str) -> pa.Table:
        if name not in self.given:
            self.given[name] = self._of_lake(name)
        return self.given[name]

    def __iter__(self) -> Iterator[str]:
        return iter({**schemas.VINTAGE_TABLES, **self.news, **self.given})

    def __len__(self) -> int:
        return len({**schemas.VINTAGE_TABLES, **self.news, **self.given})

    @property
    def changed(self) -> frozenset[int]:
        """Editions with a vintage that the published file does not have."""
        return frozenset(self.news["vintages"]["edition_year"].to_pylist())

    @property
    def _looked_at(self) -> set[Vintage]:
        """The vintages that there are new rows of: new ones, and those that other rules looked at."""
        tables = (self.news["vintages"], self.news["reconciliations"])
        return {(row["edition_year"], row["vintage"]) for rows in tables for row in rows.to_pylist()}

    def parts(self) -> Iterator[tuple[Span, Tables]]:
        """The new rows of the tables of vintages, at most `AT_ONCE` vintages at a time."""
        for span, home in self._aside.items():
            yield span, {name: _read(home, name) for name in schemas.VINTAGE_TABLES}

    def new_rows(self, name: str, vintages: Collection[Vintage]) -> pa.Table:
        """The new rows of a table that are of these vintages, by key."""
        import pyarrow as pa

        wanted, years = _of(vintages), {year for year, _ in vintages}
        if name in self.news:
            return self.news[name].filter(wanted)
        found = [schemas.RELATIONS[name].table([])]
        for (first, last), home in self._aside.items():
            if any(first <= year <= last for year in years):
                found.append(_read(home, name).filter(wanted))
        return pa.concat_tables(found)

    @cached_property
    def _aside(self) -> dict[Span, Path]:
        """Folders with the new rows of the tables of vintages, of some editions each; there until `close`."""
        import pyarrow as pa

        folder = self._leaving.enter_context(tempfile.TemporaryDirectory(prefix="jvom-"))
        made = {}
        for span in sql.spans(sorted(Counter(year for year, _ in self._looked_at).items())):
            home = made[span] = Path(folder, "-".join(map(str, span)))
            home.mkdir()
            where = "edition_year BETWEEN {} AND {}".format(*span)
            for name, rows in self.lake.vintages_since(self.since, self.snapshot, where).items():
                with pa.ipc.new_file(str(home / name), rows.schema) as file:
                    file.write_table(rows)
        return made

    def close(self) -> None:
        """Let files go: whoever opens the published one next in this process sees the new one."""
        self._leaving.close()
        vars(self).pop("_aside", None)

    def _of_lake(self, name: str) -> pa.Table:
        if name in schemas.VINTAGE_TABLES:
            newest = self.new_rows(name, dict(sorted(self._looked_at)).items())
            return self.with_kept(name, newest, f"WHERE (edition_year, vintage) IN ({_NEWEST})")
        news = self.news[name]
        # The newest release may be there twice: it was published before its commit was read.
        again = ", ".join(f"'{id}'" for id in news["release_id"].to_pylist()) if name == "releases" else ""
        return self.with_kept(name, news, f"WHERE release_id NOT IN ({again})" if again else "")

    def with_kept(self, name: str, news: pa.Table, which: str) -> pa.Table:
        """New rows of a table and those of the published file that the condition `which` chooses, by key."""
        import pyarrow as pa

        contract = schemas.RELATIONS[name]
        if self.opened is None:
            return news
        query = f"SELECT {sql.names(contract.names)} FROM {contract.name} {which}"
        kept = self.opened.execute(query).to_arrow_table()
        both = pa.concat_tables([kept.cast(contract.arrow), news])
        return both.sort_by([(column, "ascending") for column in contract.key])


def load(file: Path, lake: Lake) -> Base:
    """The lake's tables, from the published file as far as it has them."""
    with suppress(LakeError), ExitStack() as leaving:  # else it is built anew
        connection = leaving.enter_context(published.connect(file))
        state = published.state_of(connection)
        if (
            state is not None
            and state.snapshot is not None
            and (state.code, state.contract_version) == (versions.publishing(), schemas.CONTRACT_VERSION)
            and lake.commit_at(state.snapshot) == state.commit
            and published.is_compact(connection)
        ):
            news = lake.since(state.snapshot)
            return Base(lake, state.snapshot, *news, file, connection, _leaving=leaving.pop_all())
    return Base(lake, None, *lake.since(None), None)


def revised(tables: Base) -> Iterator[Tables]:
    """Every vintage of the editions that have a new one, some editions at a time."""
    import pyarrow.compute as pc

    for (first, last), news in tables.parts():
        years = [year for year in sorted(tables.changed) if first <= year <= last]
        if years:
            which = f"WHERE edition_year IN ({', '.join(map(str, years))})"
            of = {name: rows.filter(pc.field("edition_year").isin(years)) for name, rows in news.items()}
            yield {name: tables.with_kept(name, rows, which) for name, rows in of.items()}


def chosen(tables: Tables, names: Iterable[str], vintages: Iterable[Vintage]) -> dict[str, pa.Table]:
    """The rows of these vintages, of tables that have every vintage."""
    pairs = [*vintages]
    if not isinstance(tables, Base):
        return {name: tables[name].filter(_of(pairs)) for name in names}
    which = f"(edition_year, vintage) IN ({', '.join(map(str, pairs))})" if pairs else "FALSE"
    return {name: tables.with_kept(name, tables.new_rows(name, pairs), f"WHERE {which}") for name in names}


def _of(vintages: Iterable[Vintage]) -> pc.Expression:
    import pyarrow.compute as pc

    numbers = dict[int, list[int]]()
    for year, vintage in vintages:
        numbers.setdefault(year, []).append(vintage)
    wanted = pc.scalar(False)
    for year, of_year in numbers.items():
        wanted = wanted | ((pc.field("edition_year") == year) & pc.field("vintage").isin(of_year))
    return wanted


def _read(home: Path, name: str) -> pa.Table:
    import pyarrow as pa

    with pa.memory_map(str(home / name)) as mapped, pa.ipc.open_file(mapped) as file:
        return file.read_all()
