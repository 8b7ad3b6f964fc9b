"""Figures with the place that each leads to: a printed one to its cell, a computed one to what it is made of.

Places are addresses within one language: `evidence/2024.html#personnel.unifil.deployed_total`.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Any

import schemas
from pipelines.site.charts import GROUPS
from pipelines.site.content import Content
from pipelines.site.language import slug
from pipelines.sql import Row
from schemas.vocabulary import DEPLOYED, FIGURES

TOTAL = "deployed_total"
_OF_SUMS = ("row_total", "grand_total")  # rules of which a contradiction gives an edition two totals
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
    """The rows of annex 2 as printed: of a figure printed in parts the parts."""

    def shown(row: Row, name: str) -> Figure:
        figure = printed(content, year, "personnel", row["mission_id"], name, row[name])
        cell = content.cell(year, "personnel", row["mission_id"], name)
        parts = cell is not None and "sum of parts" in cell["derivation"]
        return replace(figure, words=cell["as_printed"]) if cell and parts else figure

    return [
        row | {name: shown(row, name) for name in FIGURES}
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


def totals(content: Content, year: int | None, quantity: str = TOTAL) -> dict[str, Any] | None:
    """Every total that an edition gives, the least first: each once, with what gives it; and which to quote.

    `why` says what `quote` follows from: all "agree", it is the "only" exact one, they "differ", or none is
    exact ("inexact"); of the last two there is none.
    """
    rows = content.of("headline_totals", edition_year=year, quantity=quantity)
    given: dict[tuple[int, str, bool], list[Row]] = {}
    for row in sorted(rows, key=lambda row: (row["qualifier"] is not None, row["value"] or 0)):
        words = "" if row["value"] is not None else row["as_printed"] or ""
        value = row["value"] if row["at_least"] is None else row["at_least"]
        way = {"basis": row["basis"], "qualifier": row["qualifier"], "link": _given_at(content, row)}
        given.setdefault((value, words, row["at_least"] is not None), []).append(way)
    if not rows:
        return None
    exact = [row["value"] for row in rows if row["qualifier"] is None]
    quote = rows[0]["to_quote"]
    agree = "only" if len(exact) == 1 else "agree"
    return {
        "year": year,
        "quantity": quantity,
        "quote": quote,
        "why": "inexact" if not exact else "differ" if quote is None else agree,
        "exact": sorted({*exact}),
        "causes": [row for row in content.of("findings", edition_year=year) if row["rule"] in _OF_SUMS]
        if exact and quote is None and quantity == TOTAL
        else [],
        "given": [
            {"value": value, "words": words, "is_least": is_least, "ways": ways}
            for (value, words, is_least), ways in given.items()
        ],
    }


def _given_at(content: Content, row: Row) -> str:
    """The place on the evidence page that gives a total; none for a way that it does not know."""
    year, quantity, page = row["edition_year"], row["quantity"], f"evidence/{row['edition_year']}.html#"
    match row["basis"]:
        case "printed total":
            return printed(content, year, "personnel_totals", "total", quantity, row["value"]).link
        case "printed military and civil/police totals":
            return printed(content, year, "personnel_totals", "total", DEPLOYED[0], row["value"]).link
        case "sum of the rows":
            return f"{page}computed.total.{quantity}"
        case "sum of military and civil/police of the rows" if quantity == TOTAL:
            return f"{page}computed.sum"
    stated = content.of("statements", edition_year=year, statement_id=row["figure_id"])
    return f"{page}statement.{row['figure_id']}" if stated else ""


def stated_totals(content: Content, year: int) -> list[Row]:
    """What the running text states of all missions together, in its order."""
    rows = content.of("statements", edition_year=year, pattern="total of the edition")
    return sorted(
        (row for row in rows if row["quantity"] in FIGURES), key=itemgetter("source_line", "char_start")
    )


def text_lines(content: Content, year: int) -> list[tuple[int, int]]:
    """Lines of the running text that pages refer to, as (page, line), in the order of the document."""
    findings, events = (content.of(name, edition_year=year) for name in ("findings", "mission_events"))
    sides = [row[side] for row in findings for side in ("side_a", "side_b") if _in_text(row[side])]
    found = {(side["page"], side["line"]) for side in sides}
    endings = content.of("mission_endings", edition_year=year)
    for row in (*events, *endings):  # with the whole sentence
        found.add((row["source_page"], row["source_line"]))
        if row["sentence_line"]:
            lines = range(row["sentence_line"], row["sentence_line_end"] + 1)
            found |= {(row["sentence_page"], line) for line in lines}
    ended = content.of("mission_endings", mission_ended_edition_year=year)
    found |= {(row["mission_ended_page"], row["mission_ended_line"]) for row in ended}
    reasons = (*events, *content.of("mission_endings", reason_edition_year=year))
    found |= {(row["reason_page"], row["reason_line"]) for row in reasons if row["reason_line"]}
    return sorted(found)


def _in_text(side: Row | None) -> bool:
    return bool(side and side["table_name"] == "sections" and side["line"] is not None)


def place(content: Content, year: int, page: int | None, line: int | None) -> dict[str, Any]:
    """Where a line is: in the file of its edition, and the number printed on its page if that is known."""
    format_ = next((row["source_format"] for row in content.of("editions", edition_year=year)), None)
    label = content.page_labels.get((year, page)) if page else None
    return {"page": page, "line": line, "label": label, "format": format_}


def said_at(content: Content, row: Row) -> dict[str, Any]:
    """A row that rests on the running text, with the place of each line that says so and the way to it."""
    year = row["edition_year"]
    given = row.get("reason_edition_year") or year
    ended = row.get("mission_ended_edition_year") or year
    return {
        **row,
        **(_said_in(content, year, row["source_page"], row["source_line"]) or {}),
        "mission": _said_in(content, ended, row.get("mission_ended_page"), row.get("mission_ended_line")),
        "reason": _said_in(content, given, row.get("reason_page"), row.get("reason_line")),
        "reason_abridged": given in content.abridged,
    }


def _said_in(content: Content, year: int, page: int | None, line: int | None) -> dict[str, Any] | None:
    """The edition, the place and the link of a line of running text."""
    if line is None:
        return None
    return {"edition_year": year, "link": _line(year, page, line), "at": place(content, year, page, line)}


def _line(year: int, page: int | None, line: int) -> str:
    return f"evidence/{year}.html#line.{page}-{line}"


def overlaps(content: Content, missions: Collection[str], *, both: bool) -> list[dict[str, Any]]:
    """Pairs of missions whose figures may count the same people, each with the editions in which they do.

    Of pairs that have one of these missions, or `both`.
    """
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in content.rows["may_overlap"]:
        pair = (row["mission_id"], row["other_mission_id"])
        if (all if both else any)(mission in missions for mission in pair):
            one = {name: row[name] for name in ("mission_id", "name", "other_mission_id", "other_name")}
            found.setdefault(pair, {**one, "years": []})["years"].append(row["edition_year"])
    return [*found.values()]


def summed(content: Content, year: int | None) -> Figure | None:
    """What the rows of the annex add up to, of which the shares of missions are parts."""
    for row in content.of("edition_totals", edition_year=year, column_name=TOTAL):
        value = row["sum_of_military_and_civil_police"]
        return None if value is None else Figure(value, f"evidence/{year}.html#computed.sum")
    return None


def group(content: Content, kind: str, name: str, year: int | None) -> dict[str, Any]:
    """What was sent to a region, or under an organisation, in one edition; without figures if nothing was."""
    for row in content.of(f"{kind}_trends", **{kind: name}, edition_year=year):
        sent = row["deployed_total_computed"]
        change = row["change"] if sent and row["change_pct"] is not None else None  # both editions list it
        link = f"evidence/{year}.html#{{}}.{kind}.{slug(name)}"
        return {
            **row,
            "sent": Figure(sent, "" if sent is None else link.format("computed")),
            "change": Figure(change, "" if change is None else link.format("change")),
        }
    none = Figure(None)
    return {"edition_year": year, "missions": 0, "sent_left_out": 0, "sent": none, "change": none}


def side_link(content: Content, finding: Row, which: str) -> str:
    """The cell, or the line of the text, that a side of a finding names, if there is one."""
    year, side = finding["edition_year"], finding[which]
    names = [side.get(name) for name in ("table_name", "row_key", "column_name")] if side else [None]
    if _in_text(side):
        return _line(year, side["page"], side["line"])
    if not all(names) or f"{names[0]}_vintages" not in schemas.VINTAGE_TABLES:
        return ""
    table, row, column = map(str, names)
    cell = content.cell(year, table, row, column)
    if cell:
        return f"evidence/{year}.html#{table}.{row}.{cell['column_name']}"
    there = content.of("cells", edition_year=year, table_name=table, row_key=row)  # of more than one cell
    return f"evidence/{year}.html#{table}.{row}" if there else ""


def computed(content: Content, year: int) -> list[dict[str, Any]]:
    """Every figure that pages compute from an edition, with its terms, as its evidence page shows them.

    `of` is whose it is: a mission's id, a column, the name of a group; empty for the edition.
    """
    rows = [row for row in trends(content, edition_year=year) if row["listed"]]
    made: list[dict[str, Any]] = []

    def make(what: str, of: str, how: str, terms: Sequence[tuple[Figure, str]], value: object) -> None:
        place = f"{what}.{slug(of) if what.endswith(GROUPS) else of}" if of else what
        made.append({"id": place, "what": what, "of": of, "how": how, "terms": terms, "value": value})

    total = summed(content, year)
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
        terms = [term for row in rows for term in _exact(row)]
        make("computed.sum", "", "sum", terms, total.value)
    for kind in GROUPS:
        for name in dict.fromkeys(row[kind] for row in rows):
            of_group = group(content, kind, name, year)
            terms = [term for row in rows if row[kind] == name for term in _exact(row)]
            if of_group["sent"].value is not None:
                make(f"computed.{kind}", name, "sum", terms, of_group["sent"].value)
            if of_group["change"].value is not None:
                before = _before(of_group, f"computed.{kind}.{slug(name)}", of_group["sent"].value)
                terms = [(of_group["sent"], str(year)), before]
                make(f"change.{kind}", name, "difference", terms, of_group["change"].value)
    return made


def _exact(row: Mapping[str, Any]) -> list[tuple[Figure, str]]:
    """What of a mission counts in a sum: all that was sent, or the part of it that is exact."""
    figures = [row["sent"]] if row["sent"].value is not None else [row[name] for name in DEPLOYED]
    return [(figure, row["name"]) for figure in figures if figure.value is not None]


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
    for place in text_lines(content, year) if lines else ():
        found[f"line.{place[0]}-{place[1]}"] = [(*place, [(lines[place], False)])] if place in lines else []
    return found


def _pieces(line: str, spans: Iterable[tuple[int, int | None]]) -> list[tuple[str, bool]]:
    pieces, at = [], 0
    for start, end in spans:
        pieces += [(line[at:start], False), (line[start:end], True)]
        at = len(line) if end is None else end
    return [(text, mark) for text, mark in [*pieces, (line[at:], False)] if text]
