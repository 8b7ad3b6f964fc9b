"""`jvom status`: which editions are published, which are late, who is writing, how much disk is used."""

import datetime
from contextlib import suppress
from pathlib import Path
from typing import Any

from pipelines.cli.session import Session, command
from schemas.report_day import late

_EDITIONS = """
SELECT edition_year, vintage, count(*) OVER () AS vintages, source_fidelity, source_path, recorded_at,
    (SELECT count(*) FROM findings f WHERE f.edition_year = e.edition_year AND severity = 'error') AS errors,
    (SELECT count(*) FROM findings f WHERE f.edition_year = e.edition_year AND severity = 'warn') AS warnings,
    (SELECT count(*) FROM findings f WHERE f.edition_year = e.edition_year AND severity = 'info') AS infos
FROM editions e ORDER BY edition_year
"""
_RUNS = """
SELECT run_id, actor, recorded_at, edition_year, cause FROM vintages
ORDER BY recorded_at DESC, edition_year DESC LIMIT 1
"""
_RELEASES = "SELECT release_id, published_at FROM releases ORDER BY published_at DESC LIMIT 1"
SHOWN = (
    *("edition_year", "vintage", "source_fidelity", "source_path", "recorded_at"),
    *("errors", "warnings", "infos"),
)


@command
def status(session: Session) -> None:
    """Editions, late editions, the last run, who holds the lock, disk used."""
    state = gather(session)
    write = session.terminal.write
    session.terminal.answer(state)
    if state["release_id"] is None:
        write(f"{state['warehouse']}: nothing is published yet; run jvom build")
    else:
        published_at = f"{state['published_at']:%Y-%m-%d %H:%M} UTC"
        write(f"{state['warehouse']}: release {state['release_id']} of {published_at}")
        session.terminal.table(SHOWN, [[row[name] for name in SHOWN] for row in state["editions"]])
    write(f"late:     {', '.join(map(str, state['late'])) or 'none'}")
    if run := state["last_run"]:
        write(
            f"last run: {run['run_id']} by {run['actor']} recorded edition {run['edition_year']} "
            f"({run['cause']}) at {run['recorded_at']:%Y-%m-%d %H:%M} UTC"
        )
    write(f"writer:   {state['writer'] or 'nobody'}")
    write(f"disk:     {state['bytes'] / 1e6:.1f} MB")


def gather(session: Session) -> dict[str, Any]:
    """The state of the warehouse; if nothing is published, only the lock and the disk are known."""
    from pipelines.lake import Lake

    settings = session.settings
    published = settings.published.exists()
    editions, runs, releases = (
        session.rows(query) if published else [] for query in (_EDITIONS, _RUNS, _RELEASES)
    )
    release = releases[0] if releases else {"release_id": None, "published_at": None}
    return {
        "warehouse": str(settings.warehouse),
        **release,
        "editions": editions,
        "late": late({row["edition_year"] for row in editions}, datetime.date.today()),
        "last_run": runs[0] if runs else None,
        "writer": Lake(settings.catalog, settings.data).holder(),
        "bytes": _size(settings.warehouse),
    }


def _size(folder: Path) -> int:
    """Bytes of all files under a folder; a file that vanishes meanwhile counts as 0."""
    total = 0
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):
            total += path.stat().st_size if path.is_file() and not path.is_symlink() else 0
    return total
