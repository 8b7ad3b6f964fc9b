"""How answers and errors look: tables and sentences for people, one JSON document for programs.

Answers go to standard output; progress, messages and errors to standard error, so that a pipe gets
the answer alone. Rich is loaded when a table is drawn, not before.
"""

from __future__ import annotations

import csv
import datetime
import decimal
import json
import math
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from schemas.errors import ContractError, JvomError, Problems

_STEERING = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)

WIDEST = 10_000  # columns; a table that is piped into a file is never cut


@dataclass(frozen=True)
class Terminal:
    """Where a command speaks: `json` for one document on standard output, else for people."""

    json: bool = False
    verbose: bool = False

    def say(self, sentence: str) -> None:
        """One line of progress or explanation, on standard error; it may quote a document."""
        print(_harmless(sentence), file=sys.stderr, flush=True)

    def fail(self, error: JvomError) -> int:
        """Say what is wrong, where and what to do next; returns the exit status."""
        if self.json:
            print(as_json({"error": error_document(error)}), flush=True)
        else:
            self.say(f"error: {error}")
        return error.exit_code

    def answer(self, document: Mapping[str, object] | Sequence[object], text: str | None = None) -> None:
        """The answer: `document` with --json, else `text` if there is any."""
        if self.json:
            print(as_json(document))
        elif text is not None:
            print(text)

    def table(
        self, names: Sequence[str], rows: Iterable[Sequence[object]], *, title: str | None = None
    ) -> None:
        """Rows as a table for people; nothing with --json, where `answer` has said it."""
        if not self.json:
            _draw(names, rows, title)


def _harmless(text: str) -> str:
    """What steers a terminal, or turns the order of its letters round, is shown as its code instead."""
    return _STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _draw(names: Sequence[str], rows: Iterable[Sequence[object]], title: str | None) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    listed = [tuple(row) for row in rows]
    drawn = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", title_style="bold", pad_edge=False)
    for place, name in enumerate(names):
        figures = [row[place] for row in listed if row[place] is not None]
        right = bool(figures) and all(is_figure(figure) for figure in figures)
        drawn.add_column(name, justify="right" if right else "left", overflow="fold")
    for row in listed:
        drawn.add_row(*(Text(as_text(value)) for value in row))
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=WIDEST)
    console.print(drawn)


def write_csv(names: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Rows as CSV on standard output; an empty field is null, lists and maps are JSON."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(names)
    for row in rows:
        writer.writerow(["" if value is None else _csv(value) for value in row])


def _csv(value: object) -> str:
    plain = plainly(value)
    if isinstance(plain, bool | list | dict):
        return json.dumps(plain, ensure_ascii=False)
    return str(plain)


def is_figure(value: object) -> bool:
    """Whether a value is a number, and so stands on the right."""
    return isinstance(value, int | float | decimal.Decimal) and not isinstance(value, bool)


def as_text(value: object) -> str:
    """A value as people read it in a table: a null is blank, a list is joined by commas."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.15g}"
    if isinstance(value, datetime.datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, list | tuple):
        return ", ".join(as_text(part) for part in value)
    if isinstance(value, dict):
        return ", ".join(f"{as_text(key)}: {as_text(part)}" for key, part in value.items())
    return str(value)


def plainly(value: object) -> object:
    """A value as JSON has it: dates in ISO 8601, times in UTC with a Z; what is no number is null."""
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else None
        case decimal.Decimal():
            return plainly(float(value))
        case datetime.datetime():
            in_utc = value.astimezone(datetime.UTC).replace(tzinfo=None) if value.tzinfo else value
            return f"{in_utc.isoformat()}Z"
        case datetime.date() | datetime.time():
            return value.isoformat()
        case bytes():
            return value.hex()
        case Mapping():
            return {as_text(key): plainly(part) for key, part in value.items()}
        case list() | tuple() | set() | frozenset():
            return [plainly(part) for part in value]
    return str(value)


def as_json(document: object) -> str:
    """One JSON document, indented."""
    return json.dumps(plainly(document), ensure_ascii=False, indent=2, allow_nan=False)


def error_document(error: JvomError) -> dict[str, object]:
    """An error as JSON: what, where, the next step, and every single problem behind it."""
    described: dict[str, object] = {
        "type": type(error).__name__,
        "message": error.message,
        "file": error.file,
        "page": error.page,
        "line": error.line,
        "hint": error.hint,
    }
    if isinstance(error, Problems):
        described["problems"] = [error_document(problem) for problem in error.problems]
    if isinstance(error, ContractError):
        described["failures"] = error.failures
    return described
