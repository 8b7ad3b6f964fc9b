"""A CSV file as rows with their lines, and its cells as numbers and dates; every fault names its line."""

import csv
import datetime
import io
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from pipelines.harmless import unguarded
from schemas.dates import PrintedDate
from schemas.errors import JvomError, Problems, SourceError
from schemas.registry_toml import nearest

Value = TypeVar("Value")
_DATE = re.compile(r"(\d{4})(?:-(0[1-9]|1[0-2])(?:-(\d\d))?)?")


@dataclass(frozen=True)
class CsvRow:
    """One row of a file: texts by column, empty where a cell is, and the line on which it starts."""

    cells: dict[str, str]
    line: int
    file: str

    def error(self, column: str, words: str, hint: str | None = None) -> SourceError:
        message = f"{column} = {self.cells.get(column, '')!r}: {words}"
        return SourceError(message, file=self.file, line=self.line, hint=hint or "correct the cell")

    def text(self, column: str) -> str | None:
        """The cell, or None if it is empty or missing."""
        return self.cells.get(column, "").strip() or None

    def whole(self, column: str) -> int | None:
        """The cell as a whole number; SourceError where it is none."""
        text = self.text(column)
        if text is None:
            return None
        if not re.fullmatch(r"-?[0-9]{1,9}(?:[.,]0)?", text):
            raise self.error(column, "must be a whole number, in digits alone")
        return int(re.split("[.,]", text)[0])

    def period(self, column: str) -> tuple[datetime.date, datetime.date, str] | None:
        """First and last day, and precision, of a date such as 2018, 2018-07 or 2018-07-03."""
        text = self.text(column)
        if text is None:
            return None
        found = _DATE.fullmatch(text)
        try:
            if found is None:
                raise ValueError
            year, *others = (int(part) for part in found.groups() if part)
            printed = PrintedDate(year, *others)
            return printed.first, printed.last, printed.precision
        except ValueError:
            raise self.error(column, "must be a date as 2018, 2018-07 or 2018-07-03") from None


def rows(
    data: bytes,
    file: str,
    *,
    required: Iterable[str],
    optional: Iterable[str] = (),
    called: Mapping[str, str] | None = None,
) -> list[CsvRow]:
    """The rows of a CSV file with a header, its cells parted by commas, semicolons or tabs.

    `called` says how else columns may be called, in lower case and with `_` for whatever parts words; then
    columns that are not known are left out. Raises SourceError if it is not CSV in UTF-8 (or UTF-16, where
    the file begins by saying so), or a column is missing, unknown or there twice.
    """
    try:
        wide = data.startswith((b"\xff\xfe", b"\xfe\xff")) and len(data) > 2
        text = data.decode("utf-16" if wide else "utf-8-sig")
        first = text.partition("\n")[0]
        parted = max((",", ";", "\t"), key=first.count)
        reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=parted)
        lines = [(1, next(reader, []))]
        before = reader.line_num
        for cells in reader:
            lines.append((before + 1, cells))
            before = reader.line_num
    except (UnicodeDecodeError, csv.Error) as error:
        raise SourceError(f"is not CSV in UTF-8: {error}", file=file, hint="save it in UTF-8") from error
    header = [name.strip() for name in lines[0][1]]
    known = (*required, *optional)
    if called is not None:
        plain = ["_".join(re.findall(r"\w+", name.casefold().replace("_", " "))) for name in header]
        header = [called.get(name, name) for name in plain]
    used = [name for name in header if called is None or name in known]
    _check_header(used, file, tuple(required), tuple(optional))
    found = []
    for line, cells in lines[1:]:
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            message = f"the row has {len(cells)} cells, the header {len(header)}"
            hint = "put a cell with a comma between double quotes"
            raise SourceError(message, file=file, line=line, hint=hint)
        found.append(CsvRow(dict(zip(header, map(unguarded, cells), strict=True)), line, file))
    return found


def collect(found: Iterable[CsvRow], read: Callable[[CsvRow], Value]) -> list[Value]:
    """Every row as `read` reads it; Problems with every row that it cannot read."""
    values: list[Value] = []
    problems: list[JvomError] = []
    for row in found:
        try:
            values.append(read(row))
        except JvomError as error:
            problems.append(error)
    if problems:
        raise Problems(problems)
    return values


def _check_header(header: list[str], file: str, required: tuple[str, ...], optional: tuple[str, ...]) -> None:
    known = (*required, *optional)
    wrong = [
        f"{name!r} is unknown; the nearest is {nearest(name, known, 1)[0]!r}"
        for name in header
        if name not in known
    ]
    wrong += [f"{name!r} is missing" for name in required if name not in header]
    wrong += [f"{name!r} is there twice" for name in dict.fromkeys(header) if header.count(name) > 1]
    if wrong:
        raise SourceError(
            f"its columns are not those expected: {'; '.join(wrong)}",
            file=file,
            line=1,
            hint=f"the header must have {', '.join(required)}"
            + (f", and may have {', '.join(optional)}" if optional else ""),
        )
