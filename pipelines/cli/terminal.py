"""How answers and errors look: tables and sentences for people, one JSON document for programs.

Answers go to standard output; progress, messages and errors to standard error, so that a pipe gets
the answer alone. Nothing else in `cli` prints: here what would steer a terminal becomes a code.
"""

import datetime
import decimal
import io
import json
import math
import os
import re
import shutil
import sys
import textwrap
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import TextIO

from pipelines import harmless
from pipelines.harmless import visible
from schemas.errors import ContractError, JvomError, Problems

TEMPLATES = Path(__file__).parent / "templates"
WIDEST = 10_000  # columns; a table that is piped into a file is not cut, unless COLUMNS says where
MOST_ROWS = 100  # of a table in a terminal
_BEHIND_A_SLASH = re.compile(r"(\s+|(?<=/)(?=[^/\s]))")
RIBBONS = 18, 10  # columns of the terminal that a longer text has at least, the second rather than no table


@dataclass(frozen=True)
class Terminal:
    """Where a command writes to: with `json` one document on standard output, else for people.

    `csv`: the table alone, as comma-separated values. `whole`: a table has all of its columns, though the
    terminal is too narrow for them, and every digit.
    """

    json: bool = False
    csv: bool = False
    verbose: bool = False
    whole: bool = False

    def say(self, sentence: str) -> None:
        """One line of progress or explanation, on standard error."""
        print(_fitted(visible(sentence), sys.stderr), file=sys.stderr, flush=True)

    def write(self, text: str) -> None:
        """A part of the answer for people; nothing with --json or --csv."""
        if not self.json and not self.csv:
            print(visible(text) if self.whole else _fitted(visible(text), sys.stdout))

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
            self.write(text)

    def show(
        self, template: str, document: Mapping[str, object] | Sequence[object], **values: object
    ) -> None:
        """The answer: `document` with --json, else the template filled in with `values`."""
        self.answer(document, None if self.json else render(template, **values))

    def table(
        self,
        names: Sequence[str],
        rows: Iterable[Sequence[object]],
        *,
        title: str | None = None,
        most: Callable[[Sequence[str]], Sequence[str] | None] = lambda _: (),
    ) -> None:
        """Rows as a table for people, or with --csv; nothing with --json, where `answer` has given them.

        For people fractions are rounded. In a terminal rows after the first MOST_ROWS are left out, and where
        it is too narrow columns in the middle are, but for the `most` telling ones, and it says how many; a
        single row, and all of them if the table is to be `whole`, are written downwards. A heading, an
        identifier or a time is never broken.
        """
        self.as_csv(names, rows)
        if self.json or self.csv:
            return
        is_terminal = sys.stdout.isatty() or "TTY_COMPATIBLE" in os.environ
        cut = is_terminal or "COLUMNS" in os.environ
        width = shutil.get_terminal_size((80, 24)).columns if cut else WIDEST
        listed = [tuple(row if self.whole else map(_rounded, row)) for row in rows]
        more_rows = len(listed) - MOST_ROWS if is_terminal and not self.whole else 0
        listed = listed[:MOST_ROWS] if more_rows > 0 else listed
        telling = most(names) if _left_out([names, *listed], width, ()) else ()  # asked only where it counts
        ribbon = RIBBONS[telling is None]
        left_out = _left_out([names, *listed], width, telling or (), ribbon)
        if left_out and listed and (self.whole or telling is None or len(listed) == 1):
            room = max(map(len, names)) + 3
            blocks = (
                "\n".join(
                    f"{name + ':':{room}}{as_text(value)}" for name, value in zip(names, row, strict=True)
                )
                for row in listed
            )
            text = f"{title}\n" * bool(title) + "\n\n".join(blocks)
            print(_fitted(visible(text), sys.stdout))
            return
        if left_out:
            kept = [at for at in range(len(names)) if at not in left_out[1:]]  # "…" in place of the first
            names = ["…" if at in left_out else names[at] for at in kept]
            listed = [tuple("…" if at in left_out else row[at] for at in kept) for row in listed]
        print("\n".join(_drawn(names, listed, width, title, ribbon)))
        if not listed:
            self.say("no rows")
        for many, what in ((len(left_out), "column"), (more_rows, "row")):
            if many > 0:
                self.say(f"… {many} more {what}{'s' * (many > 1)}: --all, --json")

    def as_csv(self, names: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """The answer as a table with --csv; nothing for people and with --json."""
        if self.csv:
            write_csv(names, rows)


def _fitted(text: str, stream: TextIO) -> str:
    """Lines as wide as the terminal, or as COLUMNS says; no word, such as an identifier, is broken.

    A path or an address that is too long for a line goes on behind a slash.
    """
    if not (stream.isatty() or {"COLUMNS", "TTY_COMPATIBLE"} & os.environ.keys()):
        return text
    width = shutil.get_terminal_size((80, 24)).columns
    lines = []
    for line in text.split("\n"):
        if len(line) > width:
            label = re.match(r" *(?:[\w ]+: {2,}|\w+  |- )?", line)
            wanted = min(label.end() if label else 0, width // 2)
            wrapper = textwrap.TextWrapper(width, break_long_words=False, break_on_hyphens=False)
            if max(map(len, line.split()), default=0) > width - wanted:
                wrapper.wordsep_simple_re = _BEHIND_A_SLASH
            longest = max(map(len, wrapper.wordsep_simple_re.split(line.strip())))
            wrapper.subsequent_indent = " " * max(0, min(wanted, width - longest))
            line = wrapper.fill(line)  # noqa: PLW2901
        lines.append(line)
    return "\n".join(lines)


def _rounded(value: object) -> object:
    """A fraction as people read it: two decimals, three figures if it is smaller than 1."""
    if not isinstance(value, float):
        return value
    return round(value, 2) if abs(value) >= 1 else float(f"{value:.3g}")


def _narrowest(cells: Iterable[object], ribbon: int) -> int:
    """The width that a column needs: no word or time of it is broken, and a long text is not a ribbon."""
    texts = [(as_text(cell), isinstance(cell, datetime.datetime)) for cell in cells]
    longest = max(_width(text) for text, _ in texts)
    words = (_width(word) for text, whole in texts for word in ([text] if whole else text.split()))
    return max(min(longest, ribbon), *words, 0)


def _width(text: str) -> int:
    """Columns of the terminal that a text takes: some signs are two wide, some none."""
    shown = visible(text)
    if shown.isascii():
        return len(shown)
    wide = sum(unicodedata.east_asian_width(sign) in ("F", "W") for sign in shown)
    return len(shown) + wide - sum(unicodedata.category(sign) in ("Cf", "Me", "Mn") for sign in shown)


def _drawn(
    names: Sequence[str], rows: Sequence[Sequence[object]], width: int, title: str | None, ribbon: int
) -> Iterator[str]:
    """The lines of a table: figures on the right, words on the left."""
    widths = _widths([names, *rows], width, ribbon)
    values = [[value for value in column if value is not None] for column in zip(*rows, strict=True)]
    right = [bool(column) and all(map(is_figure, column)) for column in values] or [False] * len(names)

    def drawn(row: Sequence[object]) -> Iterator[str]:
        cells = [_wrapped(visible(as_text(value)), room) for value, room in zip(row, widths, strict=True)]
        for line in zip_longest(*cells, fillvalue=""):
            blank = [" " * (room - _width(text)) for text, room in zip(line, widths, strict=True)]
            padded = [b + text if r else text + b for text, b, r in zip(line, blank, right, strict=True)]
            yield f" {(' ' * _BETWEEN).join(padded)}".rstrip()

    yield _fitted(visible(title or ""), sys.stdout)
    yield from drawn(names)
    bar = "─" if "utf" in (sys.stdout.encoding or "utf").lower() else "-"
    yield " " + bar * (sum(widths) + _BETWEEN * (len(widths) - 1))
    for row in rows:
        yield from drawn(row)
    yield ""


def _wrapped(text: str, width: int) -> list[str]:
    """A cell's lines, broken between words; in a word only where that alone is wider."""
    lines = []
    for line in text.split("\n"):
        lines.append(line)
        if _width(line) > width:
            lines[-1] = ""
            for word in line.split():
                if _width(joined := f"{lines[-1]} {word}".strip()) <= width:
                    lines[-1] = joined
                    continue
                lines += [""] * bool(lines[-1])
                for sign in word:
                    lines += [""] * (_width(lines[-1] + sign) > width)
                    lines[-1] += sign
    return lines


def _widths(rows: Sequence[Sequence[object]], width: int, ribbon: int) -> list[int]:
    """Room for what cannot be broken, then for whole cells as far as there is more: words may wrap."""
    columns = [*zip(*rows, strict=True)]
    widths = [_narrowest(column, ribbon) for column in columns]
    wanted = [
        max(_width(line) for cell in column for line in as_text(cell).split("\n")) for column in columns
    ]
    room = width - sum(widths) - _BETWEEN * len(widths)
    for place in sorted(range(len(widths)), key=lambda place: wanted[place] - widths[place]):
        more = max(0, min(wanted[place] - widths[place], room))
        widths[place], room = widths[place] + more, room - more
    return widths


_BETWEEN = 3  # columns of the terminal between two columns of a table


def _left_out(
    rows: Sequence[Sequence[object]], width: int, most: Sequence[str], ribbon: int = RIBBONS[0]
) -> list[int]:
    """Places of the columns that are left out so that the rest fit; the first column stays.

    Those that say most stay too, as far as there is room, and then what is at the ends.
    """
    narrowest = [_narrowest(column, ribbon) + _BETWEEN for column in zip(*rows, strict=True)]
    if sum(narrowest) <= width:
        return []
    names = [str(name) for name in rows[0]]
    room = width - narrowest[0] - len("…") - _BETWEEN
    inner = set(range(1, len(names)))
    for place in (names.index(name) for name in most if name in names):
        if place in inner and narrowest[place] <= room:
            room -= narrowest[place]
            inner.remove(place)
    while inner:
        first, last = min(inner), max(inner)
        ends = (first, last) if first <= len(names) - last - 1 else (last, first)
        place = next((end for end in ends if narrowest[end] <= room), 0)
        if not place:
            break
        room -= narrowest[place]
        inner.remove(place)
    return sorted(inner)


def render(template: str, **values: object) -> str:
    """A template filled in, without a newline at its end; in HTML everything is escaped."""
    from jinja2 import Environment, StrictUndefined

    page = Environment(
        autoescape=template.endswith(".html"),
        finalize=harmless.finalized,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    page.filters["text"] = as_text
    source = (TEMPLATES / template).read_text(encoding="utf-8")
    return page.from_string(source).render(values).rstrip("\n")


def write_csv(names: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Rows as CSV on standard output, exact unless that is a terminal; an empty field is null."""
    shown = visible if sys.stdout.isatty() else str
    if not sys.stdout.isatty() and isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")  # a file of data, whatever the terminal's characters are
    plain = ([shown(v) if isinstance(v := plainly(value), str) else v for value in row] for row in rows)
    harmless.write_csv(sys.stdout, [shown(name) for name in names], plain)


def is_figure(value: object) -> bool:
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
            in_utc = value.astimezone(datetime.UTC).replace(tzinfo=None) if value.tzinfo else value
            return f"{in_utc.isoformat(sep=' ', timespec='seconds')} UTC"
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
    """A document as JSON; where the output has not all characters, others are in JSON's own escapes."""
    text = harmless.json_text(plainly(document), indent=2, allow_nan=False)
    if (sys.stdout.encoding or "").lower().startswith("utf"):
        return text
    return re.sub(r"[^\x00-\x7f]+", lambda found: json.dumps(found[0])[1:-1], text)


def accept_every_character() -> None:
    """A terminal that has not all characters is given codes for the others, such as \\xeb, and no error."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def error_document(error: JvomError) -> dict[str, object]:
    """An error as JSON: what, where, the next step, and every single problem behind it."""
    names = ("message", "file", "page", "line", "hint")
    document = {"type": type(error).__name__, **{name: getattr(error, name) for name in names}}
    if isinstance(error, Problems):
        document["problems"] = [error_document(problem) for problem in error.problems]
    if isinstance(error, ContractError):
        document["failures"] = error.failures
    return document
