"""`jvom onboard`: what an edition that is not read yet still needs, proposed all at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.cli.page import document
from pipelines.cli.session import Session, require_edition_year, table_command
from schemas.errors import UsageError

if TYPE_CHECKING:
    from pipelines.extract.onboarding import Reviewed, State

ASKED = ("question", "message", "page", "line", "kind", "values", "note", "to_fill_in")  # of what --csv gives


@table_command
def onboard(
    session: Session,
    file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, help="The document.")],
    year: Annotated[
        int, typer.Option("--year", metavar="Y", help="Edition: the year in which it was sent to parliament.")
    ],
    entries: Annotated[
        Path | None,
        typer.Option("--entries", metavar="TOML", exists=True, help="Entries to read it with, as reviewed."),
    ] = None,
    write: Annotated[
        Path | None,
        typer.Option("--write", metavar="TOML", help="Where to write what is proposed, to be reviewed."),
    ] = None,
    apply: Annotated[
        bool, typer.Option("--apply", help="Enter the entries of --entries in schemas/*.toml.")
    ] = False,
    pages: Annotated[
        Path | None, typer.Option("--pages", metavar="DIR", help="Draw each page as it is read.")
    ] = None,
) -> None:
    """Find out what an edition needs to be read, and propose every entry at once.

    Shows tables, columns and rows with their roles. What is proposed is data for schemas/*.toml: write it
    to a file, fill in each "?", read again with --entries, enter it with --apply. Nothing is recorded.
    """
    from pipelines import files
    from pipelines.extract import onboarding
    from schemas.registry import Facts

    require_edition_year(year)
    if apply and entries is None:
        hint = "write a file with --write, review it, and give it as --entries"
        raise UsageError("--apply enters what was reviewed", hint=hint)
    if write and write.exists() and (entries is None or write.resolve() != entries.resolve()):
        raise UsageError("exists already", file=str(write), hint="give it as --entries, or another name")
    given, facts = document(session, file, year), Facts.of(onboarding.FOLDER)
    reviewed = onboarding.load_entries(entries, facts) if entries else onboarding.Reviewed()
    if apply and entries:
        onboarding.require_complete(reviewed, entries)
    state, _ = onboarding.examine(*given, facts, reviewed)
    drawn = _draw(given, facts.extended(reviewed.complete).registry(), pages, file, state)
    text = onboarding.review(reviewed, state.questions)
    if write and state.questions:
        with files.writable(str(write), "give another place with --write"):
            files.put(write, text.encode("utf-8"))
    entered = onboarding.apply(reviewed.complete) if apply else []
    answer = _document(state, [*map(str, drawn)], [str(onboarding.FOLDER / name) for name in entered])
    session.terminal.answer(answer, "\n".join(_readable(state, drawn, shown=write is None)))
    rows = [[*map(question.get, ASKED)] for question in answer["questions"]]
    session.terminal.as_csv(ASKED, rows)
    for sentence in _next(state, reviewed, file, year, entries, write, entered):
        session.terminal.say(sentence)
    if not state.is_read:
        raise typer.Exit(1)


def _draw(
    given: tuple[bytes, Any, Any], registry: Any, pages: Path | None, file: Path, state: State
) -> list[Path]:
    """Pictures of the pages that have a row, or of all where no table was found."""
    from pipelines import files
    from pipelines.extract import read

    if pages is None:
        return []
    numbers = sorted({row["page"] for table in state.tables for row in table["rows"]})
    if not numbers:
        count = len(read.read_lines(*given[:2]).page_labels)
        numbers = list(range(1, count + 1))
    drawn = []
    for number in numbers:
        picture, _ = read.draw_page(*given, registry, number)
        if picture:
            with files.writable(str(pages), "give another place with --pages"):
                files.put(place := pages / f"{file.stem}-page-{number}.png", picture)
            drawn.append(place)
    return drawn


def _document(state: State, drawn: Sequence[str], entered: Sequence[str]) -> dict[str, Any]:
    return {
        "read": state.is_read,
        "rows": state.rows,
        "sums_that_do_not_come_out": list(state.sums),
        "not_printed": list(state.lacks),
        "tables": list(state.tables),
        "questions": [
            {
                "question": one.proposal.question,
                "message": one.message,
                "page": one.page,
                "line": one.line,
                "kind": one.proposal.kind,
                "values": dict(one.proposal.values),
                "note": one.proposal.note,
                "to_fill_in": one.proposal.is_open,
                "others": [
                    {"kind": other.kind, "values": dict(other.values)} for other in one.proposal.others
                ],
            }
            for one in state.questions
        ],
        "unfinished": [{"kind": kind, "values": dict(values)} for kind, values in state.unfinished],
        "causes": list(state.causes),
        "pictures": list(drawn),
        "entered": list(entered),
    }


def _readable(state: State, drawn: Sequence[Path], *, shown: bool) -> Iterator[str]:
    from schemas import proposals

    for table in state.tables:
        yield from _table(table)
    yield from (f"drawn: {place}" for place in drawn)
    if state.questions and shown:
        yield proposals.text([one.proposal for one in state.questions])
    yield from (f"refused: {cause}" for cause in state.causes)


def _table(table: Mapping[str, Any]) -> Iterator[str]:
    """One table, page by page: its columns and rows, each with its role."""
    yield f"{table['table']}: “{table['heading']}”"
    yield "  columns: " + "; ".join(
        f"{column['printed']} → {column['role'] or 'in reading order'}" for column in table["columns"]
    )
    page = None
    for row in table["rows"]:
        if row["page"] != page:
            page = row["page"]
            yield f"  page {page}"
        known = row["mission_id"] if row["role"] == "mission" else row["role"]
        yield f"    {row['printed']} → {known}"
    yield ""


def _next(
    state: State,
    reviewed: Reviewed,
    file: Path,
    year: int,
    entries: Path | None,
    write: Path | None,
    entered: Sequence[str],
) -> Iterator[str]:
    """What came of it and what to do next, on standard error."""
    from pipelines.extract.onboarding import entry_name

    if entered:
        yield f"entered in {', '.join(f'schemas/{name}' for name in entered)}"
    run = f"jvom onboard {file} --year {year}"
    if state.is_read:
        adds = "no totals row" if "totals row" in state.lacks else "totals add up"
        if state.sums:
            adds = "totals do not add up, as printed: " + "; ".join(state.sums)
        yield f"read: {state.rows} rows, {adds}"
        if "period" in state.lacks:
            yield "no period is printed above annex 2: say it in raw/sources.toml, else it stays unknown"
        if reviewed.complete and not entered:
            yield f"next: {run} --entries {entries} --apply"
        else:
            yield f"next: jvom ingest {file} --year {year} --keep"
        return
    for kind, values in state.unfinished:
        yield f'still to be filled in: [[{kind}]] {entry_name(values)} has a "?"'
    if state.questions:
        open_ones = sum(one.proposal.is_open for one in state.questions)
        asked = f"{len(state.questions)} question{'s' * (len(state.questions) > 1)}"
        asked += f', {open_ones} with a "?" to fill in' if open_ones else ""
        yield f"{asked}: written to {write}" if write else asked
    if state.questions and write:
        yield f"next: review it, then {run} --entries {write}"
    elif state.questions:
        yield f"next: {run} {f'--entries {entries} ' if entries else ''}--write {entries or 'entries.toml'}"
    elif state.unfinished:
        yield f"next: fill them in, then {run} --entries {write or entries}"
    elif state.causes:
        yield "no entry answers this: mend its cause"
