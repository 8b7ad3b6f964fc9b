"""Figures with the place that each leads to: a printed one to its cell, a computed one to what it is made of.

Places are addresses within one language: `evidence/2024.html#personnel.unifil.deployed_total`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import itemgetter
from typing import Any

import schemas
from pipelines.site.charts import GROUPS
from pipelines.site.content import Content
from pipelines.site.language import slug
from pipelines.sql import Row
from schemas.vocabulary import DEPLOYED, FIGURES

NEAR = 2  # lines between the two parts of a total that one sentence states
MARKED = ("personnel", "personnel_totals", "mandates")  # tables whose printed lines are shown


@dataclass(frozen=True)
class Figure:
    """A figure as a page shows it: `words` are printed in the place of an exact value."""

    value: Any
    link: str = ""
    words: str = ""


def printed(content: Content, year: int, table: str, row: str, column: str, value: object) -> Figure:
    """A printed figure, or the words that the cell has instead of one."""
    cell = content.cell(year, table, row, column)
    if cell is None:
        return Figure(value)
    link = f"evidence/{year}.html#{table}.{row}.{cell['column_name']}"
    words = content.left_out.get((year, row, column), "") if table == "personnel" else ""
    if value is None and cell["qualifier"]:
        words = words or cell["as_printed"] or ""
    return Figure(value, link, words if value is None else "")


def words(content: Content, year: int, mission: str, column: str, value: str | None) -> Figure:
    """A printed text of annex 1."""
    return Figure(None, printed(content, year, "mandates", mission, column, value).link, value or "")


def printed_rows(content: Content, year: int) -> list[dict[str, Any]]:
    """The rows of annex 2 as printed."""
    return [
        row
        | {name: printed(content, year, "personnel", row["mission_id"], name, row[name]) for name in FIGURES}
        for row in content.of("personnel", edition_year=year)
    ]


def trends(content: Content, **equal: object) -> list[dict[str, Any]]:
    """Rows of mission_trends with figures that lead somewhere."""
    return [_trend(content, row) for row in content.of("mission_trends", **equal)]


def last(content: Content, mission: str) -> dict[str, Any] | None:
    """The row of the last edition that lists a mission; None where no edition held does."""
    listed = [row for row in content.of("mission_trends", mission_id=mission) if row["listed"]]
    return _trend(content, listed[-1]) if listed else None


def _trend(content: Content, row: Row) -> dict[str, Any]:
    year, mission = row["edition_year"], row["mission_id"]
    place = f"evidence/{year}.html#{{}}.{mission}"
    shown = dict(row)
    if row["listed"]:
        shown |= {name: printed(content, year, "personnel", mission, name, row[name]) for name in FIGURES}
    else:
        shown |= {name: Figure(None) for name in FIGURES}
    inexact = bool({*DEPLOYED} & {*row["left_out"]})
    sent = row["deployed_total_computed"]
    shown["sent"] = Figure(
        sent, "" if sent is None else place.format("computed"), "inexact" if inexact else ""
    )
    for name in ("change", "share_of_total"):
        found = row[name]
        shown[name] = Figure(found, "" if found is None else place.format(name))
    return shown


def listed_in(content: Content) -> dict[str, str]:
    """Mission → the years of the editions that list it, as `2016, 2021–2023`: years on end are joined."""
    found: dict[str, list[list[int]]] = {}
    for row in content.rows["mission_trends"]:
        if row["listed"]:
            runs, year = found.setdefault(row["mission_id"], []), row["edition_year"]
            if runs and runs[-1][-1] == year - 1:
                runs[-1].append(year)
            else:
                runs.append([year])
    return {
        mission: ", ".join(f"{run[0]}–{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)
        for mission, runs in found.items()
    }


def printed_totals(content: Content, year: int) -> list[Figure]:
    """The printed totals row; empty where the edition has none."""
    rows = content.of("personnel_totals", edition_year=year)
    return [
        printed(content, year, "personnel_totals", "total", name, row[name])
        for row in rows
        for name in FIGURES
    ]


def sums(content: Content, year: int) -> list[dict[str, Any]]:
    """The sum of each figure over its rows, and by how much the printed total differs."""
    found = []
    for name in FIGURES:
        for row in content.of("edition_totals", edition_year=year, column_name=name) or [{}]:
            value = row.get("sum_of_rows")
            link = "" if value is None else f"evidence/{year}.html#computed.total.{name}"
            found.append({"sum": Figure(value, link), "difference": row.get("difference")})
    return found


def totals(content: Content, year: int) -> list[dict[str, Any]]:
    """Every total of persons sent that the edition gives, the most first: each once, with what gives it."""
    found: dict[int, list[tuple[str, str]]] = {}
    for value, how, link in _totals(content, year):
        if value is not None and (how, link) not in found.setdefault(value, []):
            found[value].append((how, link))
    return [{"value": value, "given": found[value]} for value in sorted(found, reverse=True)]


def _totals(content: Content, year: int) -> Iterable[tuple[int | None, str, str]]:
    page = f"evidence/{year}.html#"
    for row in content.of("edition_totals", edition_year=year, column_name="deployed_total"):
        yield row["printed"], "printed", f"{page}personnel_totals.total.deployed_total"
        yield row["sum_of_military_and_civil_police"], "summed", f"{page}computed.sum"
        yield row["sum_of_rows"], "row_totals", f"{page}computed.total.deployed_total"
    stated = stated_totals(content, year)
    for row in stated:
        if row["quantity"] == "deployed_total":
            yield row["value"], "stated", f"{page}statement.{row['statement_id']}"
    for one, other in pairwise(stated):
        near = (
            one["section_id"] == other["section_id"] and other["source_line"] - one["source_line_end"] <= NEAR
        )
        if near and (one["quantity"], other["quantity"]) == DEPLOYED:
            yield one["value"] + other["value"], "stated_parts", f"{page}statement.{one['statement_id']}"


def stated_totals(content: Content, year: int) -> list[Row]:
    """The totals of persons sent that the running text states as exact, whole or in parts, in its order."""
    rows = content.of("statements", edition_year=year, mission_id=None)
    of_total = [row for row in rows if row["quantity"] in ("deployed_total", *DEPLOYED)]
    exact = [row for row in of_total if row["value"] is not None and row["qualifier"] is None]
    return sorted(exact, key=itemgetter("source_line", "char_start"))


def quoted(content: Content, year: int) -> Figure | None:
    """The total that pages lead with: what the rows of the annex add up to."""
    for row in content.of("edition_totals", edition_year=year, column_name="deployed_total"):
        value = row["sum_of_military_and_civil_police"]
        return None if value is None else Figure(value, f"evidence/{year}.html#computed.sum")
    return None


def group(content: Content, kind: str, name: str, year: int | None) -> dict[str, Any]:
    """What was sent to a region, or under an organisation, in one edition; without figures if nothing was."""
    for row in content.of(f"{kind}_trends", **{kind: name}, edition_year=year):
        sent, change = row["deployed_total_computed"], row["change"]
        link = f"evidence/{year}.html#{{}}.{kind}.{slug(name)}"
        return {
            **row,
            "sent": Figure(sent, "" if sent is None else link.format("computed")),
            "change": Figure(change, "" if change is None else link.format("change")),
        }
    return {"edition_year": year, "missions": 0, "sent": Figure(None), "change": Figure(None)}


def side_link(content: Content, finding: Row, which: str) -> str:
    """The cell that a side of a finding names, if there is one."""
    year, side = finding["edition_year"], finding[which]
    names = [side.get(name) for name in ("table_name", "row_key", "column_name")] if side else [None]
    if not all(names) or f"{names[0]}_vintages" not in schemas.VINTAGE_TABLES:
        return ""
    table, row, column = map(str, names)
    cell = content.cell(year, table, row, column)
    return f"evidence/{year}.html#{table}.{row}.{cell['column_name']}" if cell else ""


def computed(content: Content, year: int) -> list[dict[str, Any]]:
    """Every figure that pages compute from an edition, with its terms, as its evidence page shows them.

    `of` is whose it is: a mission's id, a column, the name of a group; empty for the edition.
    """
    rows = [row for row in trends(content, edition_year=year) if row["listed"]]
    made: list[dict[str, Any]] = []

    def make(what: str, of: str, how: str, terms: Sequence[tuple[Figure, str]], value: object) -> None:
        place = f"{what}.{slug(of) if what.endswith(GROUPS) else of}" if of else what
        made.append({"id": place, "what": what, "of": of, "how": how, "terms": terms, "value": value})

    total = quoted(content, year)
    for row in rows:
        mission, sent = row["mission_id"], row["sent"]
        if sent.value is not None:
            terms = [(row[name], name) for name in DEPLOYED if row[name].value is not None]
            make("computed", mission, "sum", terms, sent.value)
        if row["share_of_total"].value is not None and total:
            terms = [(sent, "deployed_total_computed"), (total, "total")]
            make("share_of_total", mission, "share", terms, row["share_of_total"].value)
        if row["change"].value is not None:
            before = _before(row, f"computed.{mission}", sent.value)
            make("change", mission, "difference", [(sent, str(year)), before], row["change"].value)
    for name, one in zip(FIGURES, sums(content, year), strict=True):
        if one["sum"].value is not None:
            terms = [(row[name], row["name"]) for row in rows if row[name].value is not None]
            make("computed.total", name, "sum", terms, one["sum"].value)
    if total:
        terms = [(row["sent"], row["name"]) for row in rows if row["sent"].value is not None]
        make("computed.sum", "", "sum", terms, total.value)
    for kind in GROUPS:
        for name in dict.fromkeys(row[kind] for row in rows):
            of_group = group(content, kind, name, year)
            terms = [(r["sent"], r["name"]) for r in rows if r[kind] == name and r["sent"].value is not None]
            if of_group["sent"].value is not None:
                make(f"computed.{kind}", name, "sum", terms, of_group["sent"].value)
            if of_group["change"].value is not None:
                before = _before(of_group, f"computed.{kind}.{slug(name)}", of_group["sent"].value)
                terms = [(of_group["sent"], str(year)), before]
                make(f"change.{kind}", name, "difference", terms, of_group["change"].value)
    return made


def _before(row: Mapping[str, Any], anchor: str, value: int) -> tuple[Figure, str]:
    """The value that a change is from, in the edition before."""
    previous = row["previous_edition_year"]
    return Figure(value - row["change"].value, f"evidence/{previous}.html#{anchor}"), str(previous)


def marked(content: Content, year: int) -> dict[str, list[tuple[int, int, list[tuple[str, bool]]]]]:
    """Cell → its lines as printed: page, number, and the pieces of each, the cell's own characters marked."""
    lines = content.lines(year)
    found: dict[str, list[tuple[int, int, list[tuple[str, bool]]]]] = {}
    for row in content.of("cells", edition_year=year) if lines else ():
        if row["table_name"] not in MARKED:
            continue
        places: dict[tuple[int, int], list[tuple[int, int]]] = {}
        for span in row["spans"]:
            places.setdefault((span["page"], span["line"]), []).append((span["char_start"], span["char_end"]))
        key = f"{row['table_name']}.{row['row_key']}.{row['column_name']}"
        found[key] = [
            (*place, _pieces(lines[place], sorted(spans)))
            for place, spans in places.items()
            if place in lines
        ]
    for row in stated_totals(content, year) if lines else ():
        key, place = f"statement.{row['statement_id']}", (row["source_page"], row["source_line"])
        ends = row["char_end"] if row["source_line_end"] == row["source_line"] else None
        found[key] = [(*place, _pieces(lines[place], [(row["char_start"], ends)]))] if place in lines else []
    return found


def _pieces(line: str, spans: Iterable[tuple[int, int | None]]) -> list[tuple[str, bool]]:
    pieces, at = [], 0
    for start, end in spans:
        pieces += [(line[at:start], False), (line[start:end], True)]
        at = len(line) if end is None else end
    return [(text, mark) for text, mark in [*pieces, (line[at:], False)] if text]
