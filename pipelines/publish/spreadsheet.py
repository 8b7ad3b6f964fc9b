"""The published file → one workbook of five sheets, for whoever opens data in a spreadsheet.

Four sheets are relations without what a cell cannot hold (structs, JSON); `about` says what the columns mean.
Texts are never formulas or links; the same release gives the same bytes.
"""

import datetime
import io
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pyarrow as pa

import schemas
from schemas.contract import Column

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

# Sheet → the relation that it shows.
_TRENDS = "mission_trends"
SHEETS = {
    "missions": _TRENDS,
    "totals": "headline_totals",
    "mandates": "mandates",
    "findings": "findings",
}
PRINTED = "personnel"  # whose words stand beside the trends of a mission
_WORDS = ("country_as_printed", "remark")
RELATIONS = (*SHEETS.values(), PRINTED)
ABOUT = "about"
_LEFT_OUT = ("repairs",)  # JSON, longer than a cell may be
_LONGEST = 32_767  # characters of a cell
_WIDEST = 50
_FORMATS = {pa.date32(): "yyyy-mm-dd", pa.timestamp("us"): "yyyy-mm-dd hh:mm", pa.float64(): "0.00"}
_AS_THEY_ARE = ("strings_to_formulas", "strings_to_urls", "strings_to_numbers")


def build(tables: Mapping[str, pa.Table], made_at: datetime.datetime, about: Mapping[str, str]) -> bytes:
    """The workbook of relations by name; `about` is what its last sheet says first, `made_at` its date."""
    from xlsxwriter import Workbook

    file = io.BytesIO()
    with Workbook(file, {"in_memory": True, **dict.fromkeys(_AS_THEY_ARE, False)}) as book:
        book.set_properties({"created": made_at, "title": about["title"]})
        bold = book.add_format({"bold": True, "bottom": 1})
        formats = {dtype: book.add_format({"num_format": text}) for dtype, text in _FORMATS.items()}
        words = {(row["edition_year"], row["mission_id"]): row for row in tables[PRINTED].to_pylist()}
        for name, relation in SHEETS.items():
            columns = _columns(relation)
            rows = tables[relation].to_pylist()
            if relation == _TRENDS:
                rows = [words.get((row["edition_year"], row["mission_id"]), {}) | row for row in rows]
            lines = [[column.name for column in columns]]
            lines += [[row.get(column.name) for column in columns] for row in rows]
            sheet = book.add_worksheet(name)
            _write(sheet, lines, bold)
            for place, column in enumerate(columns):
                width = max(len(_cell(line[place])) for line in lines)
                sheet.set_column(place, place, min(width + 2, _WIDEST), formats.get(column.dtype))
            sheet.autofilter(0, 0, max(len(lines) - 1, 1), len(columns) - 1)
        sheet = book.add_worksheet(ABOUT)
        _write(sheet, [["sheet", "column", "unit", "description"], *_described(about)], bold)
        for place, width in enumerate((14, 34, 10, 120)):
            sheet.set_column(place, place, width)
    return file.getvalue()


def _columns(relation: str) -> list[Column]:
    beside = [schemas.RELATIONS[PRINTED][name] for name in _WORDS] if relation == _TRENDS else []
    return [*filter(_fits, schemas.RELATIONS[relation].columns), *beside]


def _fits(column: Column) -> bool:
    return not pa.types.is_struct(column.dtype) and column.name not in _LEFT_OUT


def _described(about: Mapping[str, str]) -> Iterator[list[str]]:
    for what, text in about.items():
        yield ["", what, "", text]
    for name, relation in SHEETS.items():
        contract = schemas.RELATIONS[relation]
        yield [name, "", "", contract.documentation]
        for column in _columns(relation):
            yield [name, column.name, column.unit or "", column.description]


def _write(sheet: "Worksheet", lines: Iterable[Iterable[Any]], heading: object) -> None:
    for place, line in enumerate(lines):
        for column, value in enumerate(line):
            if isinstance(value, list | str):
                sheet.write_string(place, column, _cell(value), heading if place == 0 else None)
            elif isinstance(value, datetime.date):
                sheet.write_datetime(place, column, value)
            elif value is not None:
                sheet.write(place, column, value)
    sheet.freeze_panes(1, 2)  # of a relation the heading, and the two columns that say which row it is
    sheet.set_landscape()
    sheet.repeat_rows(0)


def _cell(value: object) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)
    return text if len(text) <= _LONGEST else "(longer than a cell may be: see the CSV file)"
