"""`jvom quarantine`: the refused documents, and where their reports are."""

from dataclasses import asdict
from textwrap import shorten

from pipelines.cli.session import Session, table_command

SHOWN = ("edition", "document", "refused at", "resolved at", "problems", "the first of them", "report")
_LONG = ("lines", "page_labels")


@table_command
def quarantine(session: Session) -> None:
    """Refused documents, with every problem of each; with --all also those that were accepted since."""
    from pipelines import quarantine as reports

    folder = session.settings.quarantine
    refused, rows = [], []
    for each in reports.refusals(folder):
        if session.terminal.whole or not each.resolved_at:
            report = str(folder / each.name / reports.READABLE)
            named = {name: value for name, value in asdict(each).items() if name not in _LONG}
            refused.append({**named, "report": report})
            message = str(each.problems[0]["message"]) if each.problems else each.text
            first = message.partition("\n")[0]
            first = first if session.terminal.csv else shorten(first, 100, placeholder="…")
            about = (each.edition_year, each.given or each.source_path, each.refused_at, each.resolved_at)
            rows.append((*about, len(each.problems), first, report))
    session.terminal.answer(refused)
    if refused or session.terminal.csv:
        session.terminal.table(SHOWN, rows)
    else:
        session.terminal.say("nothing is in quarantine")
