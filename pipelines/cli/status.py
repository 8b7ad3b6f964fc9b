"""`jvom status`: what is held and since when, what is late, who is writing, how much disk it takes."""

from __future__ import annotations

import datetime
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from pipelines import lake as snapshot
from pipelines import sql
from pipelines.cli.terminal import Terminal
from pipelines.publish import published
from pipelines.settings import Settings
from schemas.report_day import late

Row = dict[str, object]

SEVERITIES = {"errors": "error", "warnings": "warn", "infos": "info"}
"""Column of the status → severity of the findings that it counts."""


@dataclass(frozen=True)
class Status:
    """The state of one warehouse; without a published file only lock and disk are known."""

    warehouse: str
    release_id: str | None
    published_at: datetime.datetime | None
    editions: list[Row]
    late: list[int]
    last_run: Row | None
    writer: str | None
    bytes: int


def gather(settings: Settings) -> Status:
    """Ask the published file, the lock and the disk. Raises LakeError where the file cannot be read."""
    editions, run, release = _from_published(settings.published)
    years = {int(str(row["edition_year"])) for row in editions}
    return Status(
        warehouse=str(settings.warehouse),
        release_id=str(release["release_id"]) if release else None,
        published_at=release["published_at"] if release else None,  # type: ignore[arg-type]
        editions=editions,
        late=late(years, datetime.date.today()),
        last_run=run,
        writer=snapshot.Lake(settings.catalog, settings.data).holder(),
        bytes=size(settings.warehouse),
    )


def size(folder: Path) -> int:
    """Bytes of all files under a folder; one that vanishes meanwhile counts as nothing."""
    total = 0
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):
            total += path.stat().st_size if path.is_file() and not path.is_symlink() else 0
    return total


def _from_published(file: Path) -> tuple[list[Row], Row | None, Row | None]:
    if not file.exists():
        return [], None, None
    with published.connect(file) as connection:
        editions = sql.rows(
            connection,
            "SELECT edition_year, vintage, count(*) OVER () AS vintages, source_fidelity, source_path, "
            "recorded_at, "
            + ", ".join(
                f"(SELECT count(*) FROM findings WHERE findings.edition_year = editions.edition_year "
                f"AND severity = '{severity}') AS {name}"
                for name, severity in SEVERITIES.items()
            )
            + " FROM editions ORDER BY edition_year",
        )
        runs = sql.rows(
            connection,
            "SELECT run_id, actor, recorded_at, edition_year, cause FROM vintages "
            "ORDER BY recorded_at DESC, edition_year DESC LIMIT 1",
        )
        releases = sql.rows(
            connection, "SELECT release_id, published_at FROM releases ORDER BY published_at DESC LIMIT 1"
        )
    return editions, runs[0] if runs else None, releases[0] if releases else None


def show(terminal: Terminal, status: Status) -> None:
    """The status, for people or as JSON."""
    terminal.answer(asdict(status))
    if terminal.json:
        return
    if status.release_id is None:
        print(f"{status.warehouse}: nothing is published yet; jvom build makes it")
    else:
        print(f"{status.warehouse}: release {status.release_id} of {status.published_at:%Y-%m-%d %H:%M} UTC")
        columns = ("edition_year", "vintage", "source_fidelity", "source_path", "recorded_at", *SEVERITIES)
        terminal.table(columns, [[row[name] for name in columns] for row in status.editions])
    print(f"late:     {', '.join(map(str, status.late)) or 'none'}")
    if status.last_run:
        run = status.last_run
        print(
            f"last run: {run['run_id']} by {run['actor']} recorded edition {run['edition_year']} "
            f"({run['cause']}) at {run['recorded_at']:%Y-%m-%d %H:%M} UTC"
        )
    print(f"writer:   {status.writer or 'nobody'}")
    print(f"disk:     {status.bytes / 1e6:.1f} MB")
