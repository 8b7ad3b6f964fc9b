"""`jvom trend`: one mission over the editions, as a table or drawn as bars.

All bars share one scale, and each basis has a block of its own, because ceilings, head counts and
sums of rotations measure different things. A missing figure is a dot, never a bar of length 0.
"""

import datetime
import shutil
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, NamedTuple

from typer import Argument, Option

from pipelines.cli.session import Session, table_command
from schemas.vocabulary import FRAME

Row = Mapping[str, Any]

_EDITIONS = "SELECT * FROM mission_trends WHERE mission_id = $mission ORDER BY edition_year"
_HELD = "SELECT edition_year, years_not_held FROM edition_sequence ORDER BY edition_year"
_GONE = """
SELECT edition_year FROM edition_state WHERE cause = 'withdrawn' ORDER BY edition_year
"""
_ASKED = """
SELECT DISTINCT edition_year, mission_id = $mission AS begins FROM findings
WHERE rule = 'succession' AND $mission IN (a_row_key, b_row_key) ORDER BY ALL
"""
_COLUMNS = {  # column → its heading; what matters least in the middle: a narrow terminal leaves that out
    "edition_year": "edition",
    "deployed_total_computed": "deployed",
    "change": "change",
    "comparable": "comparable",
    "change_pct": "change, %",
    "deployed_military": "military",
    "deployed_civil_police": "civil/police",
    "frame_civil_police": "frame (civ./pol.)",
    "frame_military": "frame (mil.)",
    "rank_in_edition": "rank",
    "status_en": "status",
}
_MOST = ("deployed", "change", "comparable", "status", "frame (mil.)")
_ENDED = "SELECT * FROM mission_endings WHERE mission_id = $mission"
_OTHERS = """
SELECT * REPLACE (concat_ws(', ', nullif(name, $name), part) AS part) FROM mission_timeline
WHERE basis NOT LIKE 'annex %' AND (mission_id = $mission OR mission_id IN (
    SELECT other_mission_id FROM mission_relations WHERE mission_id = $mission AND relation = 'includes'
))
ORDER BY coalesce(period_start, period_end), period_end, basis, figure_id
"""
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_NARROWEST = 10
_TITLES = {
    "text deployed": "Deployed over the period, by the text",
    "text headcount": "Head counts in the text, at a moment, per rotation or on average",
    "observed frame": "Frame, by other public sources",
    "observed headcount": "Head counts, by other public sources",
    "observed deployed": "Deployed over a period, by other public sources",
    "UN monthly": "In the UN's monthly figures (last month of each year)",
}


@table_command
def trend(
    session: Session,
    mission: Annotated[
        str, Argument(metavar="MISSION", help="Its id, or its name as any edition prints it.")
    ],
    draw: Annotated[bool, Option("--chart", help="Draw it, with what other public sources say.")] = False,
) -> None:
    """One mission over the editions in the warehouse."""
    known = session.mission(mission)
    title = f"{known.name} ({known.id}), in persons; deployed counts every rotation"
    editions = session.rows(_EDITIONS, mission=known.id)
    session.require_relation("edition_sequence")
    held = session.rows(_HELD)
    every = [row["edition_year"] for row in held]
    missing = sorted(year for row in held for year in row["years_not_held"] or ())
    year = held[0]["edition_year"] if len(held) == 1 else None
    alone = [f"only one edition is held, {year}: there is no other to compare it with"] if year else []
    if session.terminal.csv:
        session.list_rows(_EDITIONS, "", mission=known.id)
        return
    if draw and not session.terminal.json:
        others = session.rows(_OTHERS, mission=known.id, name=known.name)
        session.terminal.write("\n\n".join([title, chart(editions, others, missing), *alone]))
        return
    session.terminal.answer(editions)
    shown = _with_gaps(editions, missing, every)
    rows = [
        tuple(
            None if name == "comparable" and row.get("change") is None else row.get(name) for name in _COLUMNS
        )
        for row in shown
    ]
    session.terminal.table([*_COLUMNS.values()], rows, title=title, most=lambda _: _MOST)
    asked = session.rows(_ASKED, mission=known.id)
    gone = [f"{row['edition_year']} is withdrawn, and not shown" for row in session.rows(_GONE)]
    ended = _endings(session.rows(_ENDED, mission=known.id))
    for sentence in (*_remarks(editions), *_questions(known.id, asked), *ended, *alone, *gone):
        session.terminal.write(sentence)


def _with_gaps(editions: Sequence[Row], missing: Iterable[int], held: Iterable[int] = ()) -> list[Row]:
    """The rows by year, with one for each other year between: no edition is held, or it is not listed."""
    years = [row["edition_year"] for row in editions]
    others = {
        **dict.fromkeys(held, (False, "not listed")),
        **dict.fromkeys(missing, (None, "no edition held")),
    }
    gaps = [
        {"edition_year": year, "listed": listed, "status_en": said}
        for year, (listed, said) in others.items()
        if years and years[0] < year < years[-1] and year not in years
    ]
    return sorted([*editions, *gaps], key=lambda row: row["edition_year"])


def _remarks(editions: Iterable[Row]) -> Iterable[str]:
    for row in editions:
        if row["continued_under_names"]:
            beside = "goes on from" if row["listed"] else "goes on under"
            yield f"{row['edition_year']}: {beside} {', '.join(row['continued_under_names'])}"
        if row["left_out"]:
            names = ", ".join(row["left_out"])
            yield f"{row['edition_year']}: {names} printed without an exact figure, and left out"
        if row["has_error_finding"]:
            found = f"jvom findings {row['edition_year']} --mission {row['mission_id']}"
            yield f"{row['edition_year']}: a figure is contradicted: {found}"


def _endings(rows: Iterable[Row]) -> Iterable[str]:
    for row in rows:
        years = {"contribution": row["edition_year"], "mission": row["mission_ended_edition_year"]}
        for of, year in years.items():
            if ended := row[f"{of}_ended"]:
                says = "is to end" if of in row["announced"] else "ended"
                yield f"{year}: says that the {of} {says} {ended}"


def _questions(mission: str, asked: Iterable[Row]) -> Iterable[str]:
    for row in asked:
        may = "may go on from another mission" if row["begins"] else "may go on under another name"
        yield f"{row['edition_year']}: {may}: jvom findings --rule succession --mission {mission}"


class Bar(NamedTuple):
    """One line: its label, its figure if there is one, and what to say after it."""

    label: str
    figure: int | None
    remark: str


def chart(
    editions: Sequence[Row],
    others: Sequence[Row],
    missing: Sequence[int] = (),
    width: int | None = None,
) -> str:
    """The drawing: `editions` are rows of mission_trends, `others` rows of mission_timeline.

    Years of `missing`, of which no edition is held, have a line without a bar.
    """
    editions = _with_gaps(editions, missing)
    columns = width or shutil.get_terminal_size((80, 24)).columns
    deployed = [_of_edition(row, row.get("deployed_total_computed"), "deployed") for row in editions]
    given = [[row[name] for name in FRAME if row.get(name) is not None] for row in editions]
    frames = [
        _of_edition(row, sum(of) if of else None, "frame") for row, of in zip(editions, given, strict=True)
    ]
    blocks = {"Deployed, by edition": deployed, "Frame, by edition": frames}
    blocks |= {title: list(_of_other_sources(others, basis)) for basis, title in _TITLES.items()}
    bars = [bar for block in blocks.values() for bar in block]
    if not bars:
        return "neither an edition nor another source has a figure of it"
    most = max((bar.figure for bar in bars if bar.figure is not None), default=0)
    label, digits = max(len(bar.label) for bar in bars), len(str(most))
    remark = min(max(len(bar.remark) for bar in bars), columns // 3)
    longest = max(columns - label - digits - remark - 6, _NARROWEST)

    def line(bar: Bar) -> str:
        figure = "·" if bar.figure is None else str(bar.figure)
        drawn = _bar(bar.figure, most, longest)
        return f"  {bar.label:<{label}} {figure:>{digits}} {drawn} {bar.remark}".rstrip()

    return "\n\n".join("\n".join([title, *map(line, block)]) for title, block in blocks.items() if block)


def _of_edition(row: Row, figure: int | None, measure: str) -> Bar:
    remark = {True: "", False: "not listed", None: "no edition held"}[row["listed"]]
    if any(name.startswith(measure) for name in row.get("left_out", ())):
        return Bar(str(row["edition_year"]), None, "no exact figure")
    return Bar(str(row["edition_year"]), figure, remark)


def _of_other_sources(others: Iterable[Row], basis: str) -> Iterable[Bar]:
    rows = [row for row in others if row["basis"] == basis]
    if basis == "UN monthly":  # monthly bars would fill screens: the last month that each year has
        rows = list({row["period_start"].year: row for row in rows}.values())
    for row in rows:
        yield Bar(_dates(row), row["total"], "; ".join(filter(None, (row["qualifier"], row["part"]))))


def _dates(row: Row) -> str:
    start, end = row["period_start"], row["period_end"]
    if start is None or end is None:
        return f"{_month(start)}…{_month(end)}"
    if (start.year, start.month) == (end.year, end.month) and start.day == 1 and end.day > 27:
        return _month(start)
    if (end - start).days < 7:
        return f"{start:%Y-%m-%d}"
    return f"{_month(start)}…{_month(end)}"


def _month(day: datetime.date | None) -> str:
    return "" if day is None else f"{day:%Y-%m}"


def _bar(figure: int | None, most: int, longest: int) -> str:
    """A bar in eighths of a column; any figure above 0 shows."""
    if not figure:
        return ""
    full, rest = divmod(max(round(figure / most * longest * 8), 1), 8)
    return _EIGHTHS[8] * full + (_EIGHTHS[rest] if rest else "")
