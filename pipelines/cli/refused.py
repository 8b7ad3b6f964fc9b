"""`jvom quarantine`: the documents that were refused, and where their reports are."""

from __future__ import annotations

from dataclasses import asdict

from pipelines import quarantine
from pipelines.cli.session import Session
from pipelines.quarantine import READABLE, Refusal


def show(session: Session, *, every: bool) -> None:
    """The refused documents; with `every` also those whose bytes were accepted since."""
    folder = session.settings.quarantine
    found = [one for one in quarantine.refusals(folder) if every or not one.resolved_at]
    session.terminal.answer([_described(session, one) for one in found])
    if not found:
        session.terminal.say("nothing is in quarantine")
        return
    session.terminal.table(
        ("edition", "document", "refused at", "resolved at", "problems", "the first of them", "report"),
        [
            (
                one.edition_year,
                one.source_path,
                one.refused_at,
                one.resolved_at,
                len(one.problems),
                _first(one),
                str(folder / one.name / READABLE),
            )
            for one in found
        ],
    )


def _described(session: Session, one: Refusal) -> dict[str, object]:
    """A report as JSON, the document's lines aside."""
    described = asdict(one)
    del described["lines"], described["page_labels"]
    return {**described, "report": str(session.settings.quarantine / one.name / READABLE)}


def _first(one: Refusal) -> str:
    first = str(one.problems[0]["message"]).partition("\n")[0] if one.problems else one.text
    return first if len(first) <= 100 else f"{first[:99]}…"
