"""How answers and errors look: tables and sentences for people, one JSON document for programs.

Answers go to standard output; progress, messages and errors to standard error, so that a pipe gets
the answer alone. Rich and Jinja are loaded when a table or a template is used, not before.
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
from pathlib import Path

from schemas.errors import ContractError, JvomError, Problems

TEMPLATES = Path(__file__).parent / "templates"
WIDEST = 10_000  # columns; a table that is piped into a file is never cut
_CONTROL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


@dataclass(frozen=True)
class Terminal:
    """Where a command writes to: with `json` one document on standard output, else for people."""

    json: bool = False
    verbose: bool = False

    def say(self, sentence: str) -> None:
        """One line of progress or explanation, on standard error.

        It may quote a document: what would steer the terminal or reverse its text is shown as a code.
        """
        harmless = _CONTROL.sub(lambda match: f"\\u{ord(match[0]):04x}", sentence)
        print(harmless, file=sys.stderr, flush=True)

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

    def show(
        self, template: str, document: Mapping[str, object] | Sequence[object], **values: object
    ) -> None:
        """The answer: `document` with --json, else the template filled in with `values`."""
        self.answer(document, None if self.json else render(template, **values))

    def table(
        self, names: Sequence[str], rows: Iterable[Sequence[object]], *, title: str | None = None
    ) -> None:
        """Rows as a table for people; nothing with --json, where `answer` has given them."""
        if self.json:
            return
        from rich import box
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        listed = [tuple(row) for row in rows]
        table = Table(
            box=box.SIMPLE_HEAD, title=title, title_justify="left", title_style="bold", pad_edge=False
        )
        for place, name in enumerate(names):
            values = [row[place] for row in listed if row[place] is not None]
            figures = bool(values) and all(map(is_figure, values))
            table.add_column(name, justify="right" if figures else "left", overflow="fold")
        for row in listed:
            table.add_row(*(Text(as_text(value)) for value in row))
        console = Console(highlight=False)
        if not console.is_terminal:
            console = Console(highlight=False, width=WIDEST)
        console.print(table)


def render(template: str, **values: object) -> str:
    """A template filled in, without a newline at its end; in HTML everything is escaped."""
    from jinja2 import Environment, StrictUndefined

    page = Environment(autoescape=template.endswith(".html"), undefined=StrictUndefined, trim_blocks=True)
    page.filters["text"] = as_text
    source = (TEMPLATES / template).read_text(encoding="utf-8")
    return page.from_string(source).render(values).rstrip("\n")


def write_csv(names: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Rows as CSV on standard output; an empty field is null; booleans, lists and maps are JSON."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(names)
    for row in rows:
        plain = ["" if value is None else plainly(value) for value in row]
        writer.writerow(
            json.dumps(value, ensure_ascii=False) if isinstance(value, bool | list | dict) else value
            for value in plain
        )


def is_figure(value: object) -> bool:
    """Whether a value is a number, which a table aligns right."""
    return isinstance(value, int | float | decimal.Decimal) and not isinstance(value, bool)


def as_text(value: object) -> str:
    """A value as people read it in a table: a null is blank, a list is joined by commas."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.15g}"
        case datetime.datetime():
            return value.isoformat(sep=" ", timespec="seconds")
        case list() | tuple():
            return ", ".join(map(as_text, value))
        case dict():
            return ", ".join(f"{as_text(key)}: {as_text(part)}" for key, part in value.items())
    return str(value)


def plainly(value: object) -> object:
    """A value as JSON has it: dates in ISO 8601, times in UTC with a Z; NaN and infinity are null."""
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
    names = ("message", "file", "page", "line", "hint")
    document = {"type": type(error).__name__, **{name: getattr(error, name) for name in names}}
    if isinstance(error, Problems):
        document["problems"] = [error_document(problem) for problem in error.problems]
    if isinstance(error, ContractError):
        document["failures"] = error.failures
    return document
