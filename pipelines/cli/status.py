"""`jvom status`: what is published, late, unread, refused withdrawn, ran last, is next; who writes; disk."""

from __future__ import annotations

import datetime
import shutil
from collections.abc import Collection, Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

from typer import Exit, Option

from pipelines.cli.gc import parts
from pipelines.cli.quarantine import gone
from pipelines.cli.session import Session, table_command
from pipelines.cli.terminal import render
from pipelines.cli.ui import running
from pipelines.settings import Settings
from schemas.errors import JvomError, LakeError
from schemas.report_day import late, report_day

if TYPE_CHECKING:
    from pipelines.orchestration.plan import Plan
    from pipelines.quarantine import Refusal

_EDITIONS = """
SELECT edition_year, vintage, source_fidelity, source_path, recorded_at,
    (SELECT count(*) FROM vintages v WHERE v.edition_year = e.edition_year) AS vintages,
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
LEAST_FREE = 500_000_000  # bytes; a build of a small warehouse takes a tenth, and an upgrade a copy of it all
SHOWN = (
    *("edition_year", "vintage", "source_fidelity", "source_path", "recorded_at"),
    *("errors", "warnings", "infos"),
)


@table_command
def status(
    session: Session,
    check: Annotated[
        bool, Option("--check", help="For a monitor: only what needs attention; status 1 if anything does.")
    ] = False,
    known_late: Annotated[
        int, Option(metavar="YEAR", help="Editions up to this one are known to be late: no attention.")
    ] = 0,
) -> None:
    """Editions, what is late, refused or withdrawn, the last run, who holds the lock, disk used."""
    state = gather(session, known_late)
    session.terminal.answer(state)
    if not check:
        _show(session, state)
    for sentence in state["attention"]:
        session.terminal.say(f"attention: {sentence}")
    if check and state["attention"]:
        raise Exit(1)


def _show(session: Session, state: dict[str, Any]) -> None:
    from pipelines.quarantine import in_words

    write = session.terminal.write
    if state["release_id"] is None:
        write(f"{state['warehouse']}: nothing is published yet; run jvom build")
    else:
        write(f"{state['warehouse']}: release {state['release_id']} of {_utc(state['published_at'])}")
        if state["package"]:
            write(f"package:   {state['package']}")
        session.terminal.table(SHOWN, [[row[name] for name in SHOWN] for row in state["editions"]])
    write(render("status.txt", utc=_utc, in_words=in_words, **state))


def gather(session: Session, known_late: int = 0) -> dict[str, Any]:
    """The state of the warehouse; if nothing is published, no editions are known.

    `attention` are sentences for whoever looks after it, none if all is well; they leave out that editions up
    to `known_late` are late.
    """
    from pipelines import quarantine
    from pipelines.lake import Lake

    settings = session.settings
    refusals = quarantine.refusals(settings.quarantine)
    left = gone(settings.raw, refusals)
    shown, refused = _published(session), _refused(settings, refusals, left)
    attention = [
        f"edition {each['edition_year']} is refused: {each['problem']}"
        for each in refused
        if not each["gone"]
    ]
    came = {each["edition_year"] for each in (*shown["withdrawn"], *(r for r in refused if not r["gone"]))}
    shown["late"] = [year for year in shown["late"] if year not in came]
    attention += [f"edition {year} is late" for year in shown["late"] if year > known_late]
    attention += [] if shown["release_id"] else ["nothing is published"]
    waiting, wrong, due = _waiting(settings, refusals)
    settled = {each.run_id for each in refusals if each.resolved_at or each.name in left}
    ran, failed = _runs(settings, settled, due)
    disk, free = {part.part: part.bytes for part in parts(settings)}, _free(settings)
    attention += [f"the disk has {free / 1e6:.0f} MB left"] if free < LEAST_FREE else []
    return {
        "warehouse": str(settings.warehouse),
        **shown,
        "waiting": waiting,
        "refused": refused,
        **ran,
        "interface": running(settings),
        "writer": Lake.of(settings).holder(),
        "disk": disk,
        "bytes": sum(disk.values()),
        "free": free,
        "attention": [*attention, *wrong, *failed],
    }


def _published(session: Session) -> dict[str, Any]:
    """The release that readers see, its editions, and which are missing by now."""
    settings, today = session.settings, datetime.date.today()
    published = settings.published.exists()
    editions, withdrawn, releases = (
        session.rows(query) if published else [] for query in (_EDITIONS, _WITHDRAWN, _RELEASES)
    )
    release = releases[0] if releases else {"release_id": None, "published_at": None}
    package = settings.releases / (release["release_id"] or "")
    years = {row["edition_year"] for row in editions}
    known = years | {row["edition_year"] for row in withdrawn}
    return {
        **release,
        "package": str(package) if release["release_id"] and package.is_dir() else None,
        "editions": editions,
        "late": late(known, today),
        "not_held": [y for y in range(min(years, default=0), max(years, default=0)) if y not in known],
        "next_report_day": next(d for y in (0, 1) if (d := report_day(today.year + y)) >= today),
        "withdrawn": withdrawn,
    }


def _refused(settings: Settings, refusals: Iterable[Refusal], gone: Collection[str]) -> list[dict[str, Any]]:
    """The documents that are still refused; the files of those that are `gone` are in raw/ no more."""
    from pipelines.quarantine import READABLE

    return [
        {
            "edition_year": each.edition_year,
            "refused_at": each.refused_at,
            "problem": (each.problems[0]["message"] if each.problems else each.text).partition("\n")[0],
            "report": str(settings.quarantine / each.name / READABLE),
            "gone": each.name in gone,
        }
        for each in refusals
        if not each.resolved_at
    ]


def _waiting(
    settings: Settings, refusals: Iterable[Refusal]
) -> tuple[list[dict[str, Any]], list[str], Plan | None]:
    """What the next build reads, what of it, or of raw/ and the lake, needs attention, and its whole plan.

    A document that nothing was read from yet does: nobody knows whether it can be. One that is refused is
    known.
    """
    from pipelines.lake import Lake
    from pipelines.orchestration.plan import MORE_RECORDED, plan_build

    try:
        plan = plan_build(settings)
    except JvomError as error:
        return [], [str(error)], None
    known = {(each.edition_year, each.source_sha256) for each in refusals if not each.resolved_at}
    due = [each for each in plan.editions if (each.edition_year, each.source.sha256) not in known]
    unread = [
        f"{each.source.path} is not read yet: jvom build --dry-run says what comes of it"
        for each in due
        if each.is_unread
    ]
    waiting = [
        {"edition_year": each.edition_year, "source": each.source.path, "reason": each.reason} for each in due
    ]
    behind = plan.publish == MORE_RECORDED and not Lake.of(settings).holder()
    hidden = ["readers do not see yet what was recorded last: jvom build publishes it"] if behind else []
    return waiting, [*map(str, plan.problems), *unread, *hidden], plan


def _runs(settings: Settings, settled: Collection[str], due: Plan | None) -> tuple[dict[str, Any], list[str]]:
    """The last run and what starts the next ones, where Dagster has run; whether that run needs attention.

    A publication that failed does not once nothing is `due`, as where another machine has published since.
    """
    if not settings.has_history:
        return {"last_run": None, "at_work": [], "triggers": []}, []
    from pipelines.orchestration.history import alive, last_attempts, triggers

    try:
        attempt, starts = next(iter(last_attempts(settings)), None), triggers(settings)
        at_work = [*map(asdict, alive(settings))]
    except LakeError as error:
        return {"last_run": None, "at_work": [], "triggers": []}, [str(error)]
    failed = attempt and attempt.outcome in ("failed", "killed") and attempt.run_id not in settled
    failed = failed and not (attempt and attempt.job == "publish" and due and not due.publish)
    ran = {
        "last_run": asdict(attempt) if attempt else None,
        "at_work": at_work,
        "triggers": [*map(asdict, starts)],
    }
    return ran, [
        f"the last run, {attempt.job}, {'was killed' if attempt.outcome == 'killed' else 'failed'}"
    ] if failed and attempt else []


def _free(settings: Settings) -> int:
    """Bytes that the disk of the warehouse has left."""
    there = next(folder for folder in (settings.warehouse, *settings.warehouse.parents) if folder.exists())
    return shutil.disk_usage(there).free


def _utc(moment: datetime.datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
