"""`jvom fetch`: find an edition and bring it into raw/, and with --build into everything behind it."""

from __future__ import annotations

import datetime
from typing import Any

from pipelines import plan as pending
from pipelines import settings
from pipelines.acquire import Judged, fetching
from pipelines.acquire.fetching import Fetched
from pipelines.cli import building
from pipelines.cli.session import Session
from schemas.report_day import latest


def fetch(
    session: Session, year: int | None, *, dry_run: bool, thorough: bool, build: bool, timeout: float
) -> None:
    """Fetch and show what came of it; `build` reads, records and publishes the edition too."""
    wanted = latest(datetime.date.today()) if year is None else year
    fetched = fetching.fetch(
        session.settings,
        settings.network(),
        wanted,
        dry_run=dry_run,
        thorough=thorough,
        say=session.terminal.say,
    )
    told = _told(fetched, dry_run=dry_run)
    if not build:
        session.terminal.answer(told)
    _show(session, fetched, dry_run=dry_run)
    if build:
        building.carry_out(
            session, lambda: pending.plan(session.settings, wanted), timeout, also={"fetched": told}
        )


def _told(fetched: Fetched, *, dry_run: bool) -> dict[str, Any]:
    found, file = fetched.found, fetched.file
    return {
        "edition_year": found.edition_year,
        "dry_run": dry_run,
        "new": fetched.new,
        "path": file.path,
        "sha256": file.sha256,
        "bytes": file.bytes,
        "document": found.chosen.candidate.identifier,
        "address": found.chosen.candidate.address,
        "reason": found.reason,
        "considered": [_considered(judged) for judged in found.considered],
    }


def _considered(judged: Judged) -> dict[str, Any]:
    of = judged.candidate
    return {
        "document": of.identifier,
        "kind": of.kind,
        "sent": of.sent,
        "title": of.title,
        "score": judged.score,
        "fits": judged.fits,
        "reasons": list(judged.reasons),
    }


def _show(session: Session, fetched: Fetched, *, dry_run: bool) -> None:
    found, file, terminal = fetched.found, fetched.file, session.terminal
    terminal.table(
        ("document", "kind", "sent", "title", "score", "fits"),
        [
            (j.candidate.identifier, j.candidate.kind, j.candidate.sent, j.candidate.title, j.score, j.fits)
            for j in found.considered
        ],
    )
    terminal.say(f"chosen: {found.chosen.candidate.identifier}, {found.reason}")
    if not fetched.new:
        terminal.say(f"nothing new: {file.path} has these bytes already")
    elif dry_run:
        terminal.say(f"would be written as {file.path}, {file.bytes} bytes; nothing was")
    else:
        terminal.say(f"{file.path} is new, {file.bytes} bytes, and in sources.lock")
