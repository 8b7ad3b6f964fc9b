"""`jvom quarantine`: the refused documents, and where their reports are."""

from dataclasses import asdict
from typing import Annotated

from typer import Option

from pipelines.cli.session import Session, table_command

COLUMNS = ("edition", "document", "refused at", "closed", "problem", "report")
_LONG = ("lines", "page_labels")


@table_command
def quarantine(
    session: Session,
    closed: Annotated[bool, Option("--closed", help="Also those that are closed.")] = False,
) -> None:
    """Refused documents, with every problem of each.

    One is closed once its edition has come in, by the same bytes or by another document; it says by which.
    """
    from pipelines import quarantine as reports

    folder, terminal = session.settings.quarantine, session.terminal
    shown = [each for each in reports.refusals(folder) if closed or not each.resolved_at]
    refused, rows = [], []
    for each in shown:
        report = str(folder / each.name / reports.READABLE)
        named = {name: value for name, value in asdict(each).items() if name not in _LONG}
        refused.append({**named, "closed": each.closed, "report": report})
        document, problems = each.given or each.source_path, [str(one["message"]) for one in each.problems]
        about = (each.edition_year, document, each.refused_at, each.closed or None)
        rows += [(*about, problem, report) for problem in problems or [each.text]]
        listed = "".join(f"\n  - {problem.partition(chr(10))[0]}" for problem in problems or [each.text])
        state = f"\n  {each.closed}" * bool(each.closed)
        heading = f"edition {each.edition_year}, {document}, refused at {each.refused_at}"
        terminal.write(f"{heading}{state}{listed}\n  report: {report}")
    terminal.answer(refused)
    terminal.as_csv(COLUMNS, rows)
    if not refused and not terminal.csv:
        terminal.say("nothing is in quarantine")
