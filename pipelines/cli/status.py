"""`jvom status`: what is published, late, refused or withdrawn, ran last, comes next; who writes; disk."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Exit, Option

from pipelines.cli.session import Session, table_command
from pipelines.cli.ui import running
from pipelines.settings import Settings
from schemas.errors import JvomError, LakeError
from schemas.report_day import late, report_day

if TYPE_CHECKING:
    from pipelines.quarantine import Refusal

_EDITIONS = """
SELECT edition_year, vintage, count(*) OVER () AS vintages, source_fidelity, source_path, recorded_at,
    (SELECT count(*) FROM findings f WHERE f.edition_year = e.edition_year AND severity = 'error') AS errors,
    (SELECT count(*) FROM findings f WHERE f.edition_year = e.edition_year AND severity = 'warn') AS warnings,
    (SELECT count(*) FROM findings f WHERE f.edition_year = e.edition_year AND severity = 'info') AS infos
FROM editions e ORDER BY edition_year
"""
_WITHDRAWN = """
SELECT edition_year, vintage, recorded_at, reason FROM vintages v
WHERE cause = 'withdrawn' AND NOT EXISTS (
    FROM vintages w WHERE w.edition_year = v.edition_year AND w.vintage > v.vintage)
ORDER BY edition_year
"""
_RELEASES = "SELECT release_id, published_at FROM releases ORDER BY published_at DESC LIMIT 1"
SHOWN = (
    *("edition_year", "vintage", "source_fidelity", "source_path", "recorded_at"),
    *("errors", "warnings", "infos"),
)


@table_command
def status(
    session: Session,
    check: Annotated[
        bool, Option("--check", help="For a monitor: status 1 if something needs attention, 0 if not.")
    ] = False,
    known_late: Annotated[
        int, Option(metavar="YEAR", help="Editions up to this one are known to be late: no attention.")
    ] = 0,
) -> None:
    """Editions, what is late, refused or withdrawn, the last run, who holds the lock, disk used."""
    state = gather(session, known_late)
    session.terminal.answer(state)
    _show(session, state)
    if check and state["attention"]:
        raise Exit(1)


def _show(session: Session, state: dict[str, Any]) -> None:
    write = session.terminal.write
    if state["release_id"] is None:
        write(f"{state['warehouse']}: nothing is published yet; run jvom build")
    else:
        write(f"{state['warehouse']}: release {state['release_id']} of {_utc(state['published_at'])}")
        if state["package"]:
            write(f"package:   {state['package']}")
        session.terminal.table(SHOWN, [[row[name] for name in SHOWN] for row in state["editions"]])
    late_ones = ", ".join(map(str, state["late"])) or "none"
    write(f"late:      {late_ones}; next report day {state['next_report_day']}")
    if state["not_held"]:
        write(f"not held:  {', '.join(map(str, state['not_held']))}")
    for row in state["withdrawn"]:
        write(f"withdrawn: edition {row['edition_year']} at {_utc(row['recorded_at'])}: {row['reason']}")
    for row in state["refused"]:
        gone = " (was refused; its file is gone)" if row["gone"] else ""
        write(f"refused:   edition {row['edition_year']} at {row['refused_at']}{gone}: {row['problem']}")
        write(f"           {row['report']}")
    if run := state["last_run"]:
        which = f"{run['job']} {run['edition_year'] or ''}".strip()
        write(f"last run:  {which} by {run['actor']} at {_utc(run['started_at'])}: {run['outcome']}")
        write(f"           run {run['run_id']}")
        if run["error"]:
            write(f"           {run['error'].partition(chr(10))[0]}; jvom logs --last-failure shows all")
    write(f"schedules: {state['interface'] or 'not at work: they are while jvom ui runs'}")
    for each in state["triggers"]:
        when = f"next at {_utc(each['at'])}" if each["at"] else f"looks every {each['every']} s"
        write(f"           {each['name']}: {when if each['on'] else 'switched off'}")
    write(f"writer:    {state['writer'] or 'nobody'}")
    write(f"disk:      {used(session.settings)[1]}")
    for sentence in state["attention"]:
        session.terminal.say(f"attention: {sentence}")


def gather(session: Session, known_late: int = 0) -> dict[str, Any]:
    """The state of the warehouse; if nothing is published, no editions are known.

    `attention` are sentences for whoever looks after it, none if all is well; they leave out that editions up
    to `known_late` are late.
    """
    from pipelines import quarantine
    from pipelines.lake import Lake

    settings, today = session.settings, datetime.date.today()
    lake, published = Lake.of(settings), settings.published.exists()
    editions, withdrawn, releases = (
        session.rows(query) if published else [] for query in (_EDITIONS, _WITHDRAWN, _RELEASES)
    )
    release = releases[0] if releases else {"release_id": None, "published_at": None}
    refusals = quarantine.refusals(settings.quarantine)
    gone = _gone(settings, refusals)
    refused = [
        {
            "edition_year": each.edition_year,
            "refused_at": each.refused_at,
            "problem": (each.problems[0]["message"] if each.problems else each.text).partition("\n")[0],
            "report": str(settings.quarantine / each.name / quarantine.READABLE),
            "gone": each.name in gone,
        }
        for each in refusals
        if not each.resolved_at
    ]
    disk, _ = used(settings)
    years = {row["edition_year"] for row in editions}
    known = years | {row["edition_year"] for row in withdrawn}
    package = settings.releases / (release["release_id"] or "")
    state = {
        "warehouse": str(settings.warehouse),
        **release,
        "package": str(package) if release["release_id"] and package.is_dir() else None,
        "editions": editions,
        "late": late(years, today),
        "not_held": [y for y in range(min(years, default=0), max(years, default=0)) if y not in known],
        "next_report_day": next(d for y in (0, 1) if (d := report_day(today.year + y)) >= today),
        "withdrawn": withdrawn,
        "refused": refused,
        "last_run": None,
        "triggers": [],
        "interface": running(settings),
        "writer": lake.holder(),
        "disk": disk,
        "bytes": sum(disk.values()),
    }
    attention = [
        f"edition {row['edition_year']} is refused: {row['problem']}" for row in refused if not row["gone"]
    ]
    attention += [f"edition {year} is late" for year in state["late"] if year > known_late]
    attention += [] if published else ["nothing is published"]
    try:
        lake.require_present()
        if settings.has_history:
            # Dagster: only where it has run
            from pipelines.orchestration.history import last_attempt, triggers

            attempt = last_attempt(settings)
            state["last_run"] = asdict(attempt) if attempt else None
            state["triggers"] = [asdict(trigger) for trigger in triggers(settings)]
            settled = {each.run_id for each in refusals if each.resolved_at or each.name in gone}
            if attempt and attempt.outcome == "failed" and attempt.run_id not in settled:
                attention.append(f"the last run, {attempt.job}, failed")
    except LakeError as error:
        attention.append(str(error))
    return {**state, "attention": attention}


def _gone(settings: Settings, refusals: Iterable[Refusal]) -> set[str]:
    """Names of the refusals whose bytes are in raw/ no more: no build would refuse them again."""
    from pipelines import raw

    named = [each for each in refusals if not each.resolved_at and each.source_path.startswith("raw/")]
    try:
        there, wrong = raw.survey(settings.raw) if named else ({}, {})
    except JvomError:  # that it cannot be read says nothing of what is in it
        return set()
    hashes = {(year, file.sha256) for year, files in there.items() for file in files}
    return {
        each.name
        for each in named
        if each.edition_year not in wrong and (each.edition_year, each.source_sha256) not in hashes
    }


def _utc(moment: datetime.datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def used(settings: Settings) -> tuple[dict[str, int], str]:
    """Bytes of each part of the warehouse, and the same in words."""
    disk = {path.name: size(path) for path in sorted(settings.warehouse.glob("*"))}
    parts = ", ".join(f"{name} {many / 1e6:.1f}" for name, many in disk.items())
    return disk, f"{sum(disk.values()) / 1e6:.1f} MB ({parts})"


def size(folder: Path) -> int:
    """Bytes of all files under a folder; a file that vanishes meanwhile counts as 0."""
    total = 0 if folder.is_dir() else folder.stat().st_size
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):
            total += path.stat().st_size if path.is_file() and not path.is_symlink() else 0
    return total
