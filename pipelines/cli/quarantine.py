"""`jvom quarantine`: the refused documents, and where their reports are."""

from dataclasses import asdict
from typing import Annotated

from typer import Option

from pipelines.cli.session import Session, command


@command
def quarantine(
    session: Session,
    every: Annotated[bool, Option("--all", help="Also those that were accepted since.")] = False,
) -> None:
    """Refused documents, with every problem of each."""
    from pipelines import quarantine as reports

    folder = session.settings.quarantine
    refused = [each for each in reports.refusals(folder) if every or not each.resolved_at]
    report_of = {each.name: str(folder / each.name / reports.READABLE) for each in refused}
    session.terminal.answer(
        [
            {name: value for name, value in asdict(each).items() if name not in ("lines", "page_labels")}
            | {"report": report_of[each.name]}
            for each in refused
        ]
    )
    if not refused:
        session.terminal.say("nothing is in quarantine")
        return
    session.terminal.table(
        ("edition", "document", "refused at", "resolved at", "problems", "the first of them", "report"),
        [
            (
                each.edition_year,
                each.source_path,
                each.refused_at,
                each.resolved_at,
                len(each.problems),
                _shortened(str(each.problems[0]["message"]) if each.problems else each.text),
                report_of[each.name],
            )
            for each in refused
        ],
    )


def _shortened(message: str) -> str:
    first = message.partition("\n")[0]
    return first if len(first) <= 100 else f"{first[:99]}…"
