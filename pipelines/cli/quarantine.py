"""`jvom quarantine`: the refused documents, and where their reports are."""

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Option

from pipelines.cli.session import Session, table_command
from schemas.errors import JvomError

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
) -> None:
    """Refused documents, with every problem of each.

    One is closed once its edition has come in, by the same bytes or by another document; it says by which.
    One whose file is in raw/ no more needs nothing either.
    """
    from pipelines import quarantine as reports

    folder, terminal = session.settings.quarantine, session.terminal
    found = reports.refusals(folder)
    left = gone(session.settings.raw, found)
    ended = {each.name: "its file is in raw/ no more" if each.name in left else each.closed for each in found}
    shown = [each for each in found if closed or not ended[each.name]]
    refused, rows = [], []
    for each in shown:
        report = str(folder / each.name / reports.READABLE)
        named = {name: value for name, value in asdict(each).items() if name not in _LONG}
        refused.append({**named, "closed": ended[each.name], "report": report})
        document, problems = each.given or each.source_path, [str(one["message"]) for one in each.problems]
        about = (each.edition_year, document, each.refused_at, ended[each.name] or None)
        rows += [(*about, problem, report) for problem in problems or [each.text]]
        listed = "".join(f"\n  - {problem}" for problem in _each_once(each) or [each.text.partition("\n")[0]])
        state = f"\n  {ended[each.name]}" * bool(ended[each.name])
        heading = f"edition {each.edition_year}, {document}, refused at {reports.in_words(each.refused_at)}"
        hints = dict.fromkeys(str(one["hint"] or "").partition("\n")[0] for one in each.problems)
        listed += "".join(f"\n  next: {hint}" for hint in hints if hint and not state)
        terminal.write(f"{heading}{state}{listed}\n  report: {report}")
    terminal.answer(refused)
    terminal.as_csv(COLUMNS, rows)
    if not refused and not terminal.csv:
        terminal.say("nothing is in quarantine")


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
