"""Words of a document where something else would act on them: a terminal, a page, a spreadsheet, Markdown.

Parquet, JSON and the lake have them as they are; what is markup in HTML is escaped by Jinja. Standard library
only.
"""

import csv
import json
import re
from collections.abc import Iterable, Sequence
from types import SimpleNamespace
from typing import Any, TextIO

# Controls but tab and newline, what has no width or turns the direction, line separators, tags, surrogates.
_UNSEEN = (
    r"\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    r"\ud800-\udfff\U000e0000-\U000e007f"
)
_STEERING = re.compile(f"[{_UNSEEN}]")
FORMULAS = (
    "In CSV, a text that begins with = + - @, a tab or a line end (their full-width forms too; spaces and "
    "characters without width do not count) has an apostrophe before it, so that no spreadsheet runs it as a "
    "formula. Numbers have none, and the same text in Parquet and JSON has none."
)
# Any apostrophes before it count, so that taking one off always gives the text back.
_RUN_BY_SPREADSHEETS = re.compile(rf"'*(?:[\t\r\n]|[\s{_UNSEEN}]*[=+\-@＝＋－＠])")
# The same for DuckDB, whose expressions know no surrogates, and no white space but that of ASCII.
_RE2 = re.sub(
    r"\\[uU]([0-9a-f]+)", r"\\x{\1}", _RUN_BY_SPREADSHEETS.pattern.replace(r"\ud800-\udfff", r"\pZ")
)
_MARKDOWN = re.compile(r"[\\`<>\[\]&|]")


def visible(text: str) -> str:
    """A text for a terminal: what would steer it, or hide or turn other characters, is a code, <U+202E>."""
    return _STEERING.sub(lambda found: f"<U+{ord(found[0]):04X}>", text)


def finalized(value: Any) -> Any:
    """What a Jinja template prints, as its `finalize`: texts are visible, markup is as it is."""
    return visible(value) if type(value) is str else value


def json_text(plain: object, **options: Any) -> str:
    """A value as JSON, with the options of `json.dumps`: exact, with such characters as JSON's escapes."""
    written = json.dumps(plain, ensure_ascii=False, **options)
    return _STEERING.sub(lambda found: json.dumps(found[0])[1:-1], written)


def markdown(text: str) -> str:
    """A text as one line of Markdown that has no link, markup or HTML in it."""
    return _MARKDOWN.sub(r"\\\g<0>", visible(" ".join(text.splitlines())))


def write_csv(stream: TextIO, names: Sequence[str], rows: Iterable[Iterable[Any]]) -> None:
    """Rows of JSON's types as CSV, in lines that end in LF: null is empty, booleans, lists and maps are JSON.

    A text that a spreadsheet would run as a formula gets an apostrophe before it; numbers get none.
    """
    # The writer quotes what is in its own line end, so a CR only if it ends lines in CR LF.
    writer = csv.writer(SimpleNamespace(write=lambda line: stream.write(line.removesuffix("\r\n") + "\n")))
    writer.writerow(map(_cell, names))
    writer.writerows(map(_cell, row) for row in rows)


def guarded(column: str) -> str:
    """SQL for a column of texts, with the apostrophe that `write_csv` puts before some of them."""
    pattern = _RE2.replace("'", "''")
    return f"CASE WHEN regexp_matches({column}, '^(?:{pattern})') THEN chr(39) || {column} ELSE {column} END"


def unguarded(text: str) -> str:
    """A cell of such a CSV without the apostrophe that `write_csv` put before it."""
    return text[1:] if text[:1] == "'" and _RUN_BY_SPREADSHEETS.match(text) else text


def _cell(value: Any) -> Any:
    if isinstance(value, bool | list | dict):
        return json_text(value)
    return f"'{value}" if isinstance(value, str) and _RUN_BY_SPREADSHEETS.match(value) else value
