"""`jvom quarantine`: the refused documents, and where their reports are."""

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Option

from pipelines.cli.session import Session, table_command
from pipelines.cli.terminal import render
from pipelines.settings import actor
from schemas.errors import JvomError, UsageError

if TYPE_CHECKING:
    from pipelines.quarantine import Refusal

COLUMNS = ("edition", "document", "refused at", "closed", "problem", "report")
LONGEST = 300  # characters of a problem; the report has all of it
_LONG = ("lines", "page_labels")


@table_command
def quarantine(
    session: Session,
    closed: Annotated[
        bool, Option("--closed", help="Also those that are closed, or are in raw/ no more.")
    ] = False,
    close: Annotated[
        str | None, Option("--close", metavar="NAME", help="Close this one by hand, such as 2025-97a32e57.")
    ] = None,
    reason: Annotated[
        str, Option("--reason", metavar="R", help="Why it is closed; it stays in its report.")
    ] = "",
) -> None:
    """Refused documents, with every problem of each.

    One is closed once its edition has come in, by the same bytes or by another document; it says by which.
    One whose file is in raw/ no more needs nothing either, and one that was ingested by mistake is closed by
    hand.
    """
    from pipelines import quarantine as reports

    folder, terminal = session.settings.quarantine, session.terminal
    if close is not None:
        _close(folder, close, reason.strip())
    found = [each for each in reports.refusals(folder) if close in (None, each.name)]
    left = gone(session.settings.raw, found)
    ended = {each.name: "its file is in raw/ no more" if each.name in left else each.closed for each in found}
    shown = [each for each in found if closed or close or not ended[each.name]]
    refused, rows = [], []
    for each in shown:
        report = str(folder / each.name / reports.READABLE)
        named = {name: value for name, value in asdict(each).items() if name not in _LONG}
        refused.append({**named, "closed": ended[each.name], "report": report})
        about = (each.edition_year, each.given or each.source_path, each.refused_at, ended[each.name] or None)
        rows += [(*about, one["message"], report) for one in each.problems or [{"message": each.text}]]
        hints = dict.fromkeys(str(one["hint"]).partition("\n")[0] for one in each.problems if one["hint"])
        told = {"at": [reports.in_words(each.refused_at)], "problems": _each_once(each), "hints": hints}
        terminal.write(render("quarantine.txt", each=refused[-1], name=each.name, **told))
    terminal.answer(refused)
    terminal.as_csv(COLUMNS, rows)
    if not refused and not terminal.csv:
        terminal.say("nothing is in quarantine")


def _close(folder: Path, name: str, reason: str) -> None:
    from pipelines import quarantine as reports

    refused = {each.name: each for each in reports.refusals(folder) if not each.resolved_at}
    if name not in refused:
        raise UsageError(f"no open refusal is called {name}", hint=f"open: {', '.join(refused) or 'none'}")
    if (path := refused[name].source_path).startswith("raw/"):
        raise UsageError("a build refuses what is in raw/ again", hint=f"remove {path}: no more is needed")
    if not reason:
        raise UsageError("--close needs --reason", hint='such as --reason "not the report that was meant"')
    reports.close(folder, refused[name], dismissed=f"{actor()}: {reason}")


def gone(folder: Path, refused: "Iterable[Refusal]") -> set[str]:
    """Names of open refusals whose bytes are in raw/, `folder`, no more: no build refuses them again."""
    from pipelines import raw

    named = [each for each in refused if not each.resolved_at and each.source_path.startswith("raw/")]
    try:
        there, wrong = raw.survey(folder) if named else ({}, {})
    except JvomError:  # that it cannot be read says nothing of what is in it
        return set()
    hashes = {(year, file.sha256) for year, files in there.items() for file in files}
    return {
        each.name
        for each in named
        if each.edition_year not in wrong and (each.edition_year, each.source_sha256) not in hashes
    }


def _each_once(refusal: "Refusal") -> list[str]:
    """The first line of each problem, cut where it is very long, with every place that has it."""
    places: dict[str, list[str]] = {}
    for each in refusal.problems:
        first = str(each["message"]).partition("\n")[0]
        at = [f"{name} {each[name]}" for name in ("page", "line") if each[name] is not None]
        said = first if len(first) <= LONGEST else f"{first[:LONGEST]}…"
        places.setdefault(said, []).append(", ".join(at))
    return [
        f"{said} ({'; '.join(filter(None, dict.fromkeys(at)))})".removesuffix(" ()")
        for said, at in places.items()
    ]
