"""One command at work: where it looks, how it speaks, and its questions to the published file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines import settings
from pipelines.cli.terminal import Terminal, write_csv
from pipelines.sql import column_names
from schemas.errors import UsageError

if TYPE_CHECKING:
    from schemas.registry import Mission

SHOWN_ROWS = 1000  # rows that a terminal is given; --csv and --json give all


@dataclass(frozen=True)
class Session:
    """Settings and terminal of one command."""

    settings: settings.Settings
    terminal: Terminal

    @classmethod
    def of(cls, *, json: bool, raw: Path | None, warehouse: Path | None, verbose: bool) -> Session:
        """From the options that every command takes; raises LakeError where there is no workspace."""
        return cls(settings.find(raw, warehouse), Terminal(json=json, verbose=verbose))

    def list_rows(
        self,
        query: str,
        parameters: Mapping[str, object] | None = None,
        *,
        shown: str,
        title: str | None = None,
    ) -> None:
        """Rows of our own query: every column with --json, the `shown` ones for people."""
        from pipelines.publish import published

        with published.connect(self.settings.published) as connection:
            connection.execute(query, dict(parameters or {}))
            names = column_names(connection)
            rows = connection.fetchall()
        self.terminal.answer([dict(zip(names, row, strict=True)) for row in rows])
        columns = [names.index(name.strip()) for name in shown.split(",")]
        self.terminal.table(
            [names[place] for place in columns],
            [[row[place] for place in columns] for row in rows],
            title=title,
        )

    def run_query(self, query: str, *, as_csv: bool) -> None:
        """A user's query; raises UsageError with DuckDB's own words where it is wrong."""
        from pipelines.publish import published

        with published.connect(self.settings.published) as connection:
            names = published.ask(connection, query)
            if as_csv:
                write_csv(names, iter(connection.fetchone, None))
            elif self.terminal.json:
                self.terminal.answer({"columns": names, "rows": connection.fetchall()})
            else:
                self._show_some(names, connection)

    def _show_some(self, names: Sequence[str], connection: Any) -> None:
        rows = iter(connection.fetchone, None)
        self.terminal.table(names, islice(rows, SHOWN_ROWS))
        left = sum(1 for _ in rows)
        if left:
            self.terminal.say(f"{left} more rows: --csv or --json gives all of them")

    def mission(self, spelling: str) -> Mission:
        """The mission of the registry with this id or printed name; UsageError names the nearest."""
        from schemas import registry

        known = registry.load()
        by_id = {mission.id: mission for mission in known.missions}
        found = by_id.get(spelling) or known.named(spelling)
        if found is None:
            near = dict.fromkeys(mission_id for _, mission_id in known.nearest(spelling, other_names=True))
            raise UsageError(
                f"no mission is called {spelling!r}",
                hint=f"nearest: {', '.join(near)}; all of them: jvom missions",
            )
        return found
