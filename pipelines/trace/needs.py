"""What a value rests on: rows and columns of tables, in one edition or several; and how it is computed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.trace.subject import GROUPS, TOTAL, Subject

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# How far a computed value reaches beyond its own row, and how it is computed.
_CHANGES = {
    "change": ("previous", "deployed_total_computed, less that of the previous edition held"),
    "change_pct": ("previous", "change, as a percentage of the previous edition's deployed_total_computed"),
}
REACH = {
    "mission_trends": {
        **_CHANGES,
        "comparable": ("previous", "whether this period and that of the previous edition held are alike"),
        "previous_edition_year": ("previous", "the edition held before this one"),
        "status": ("previous", "whether this edition and the ones before it list the mission"),
        "share_of_total": ("edition", "deployed_total_computed, over its sum over all rows of the edition"),
        "rank_in_edition": ("edition", "place of deployed_total_computed among all rows of the edition"),
        "moving_average_3": ("three", "mean of deployed_total_computed over three consecutive editions held"),
        "deployed_total_computed": (
            "row",
            "deployed_military + deployed_civil_police; a blank beside a figure is 0",
        ),
        "deployed_per_frame_military": ("row", "deployed_military / frame_military"),
        "deployed_per_frame_civil_police": ("row", "deployed_civil_police / frame_civil_police"),
    },
    "mandate_trends": {
        "international_mandate_moved_days": (
            "printed before",
            "days from the end that annex 1 printed before",
        ),
        "national_frame_moved_days": ("printed before", "days from the end that annex 1 printed before"),
    },
    "mission_history": {
        "latest_deployed_total": ("latest", "deployed_total_computed in the last edition that lists it"),
        "peak_deployed_total": ("all", "the largest deployed_total_computed of the editions held"),
        "peak_edition_year": ("all", "the edition of the largest deployed_total_computed, the earliest one"),
        "first_edition_year": ("all", "the first of the editions held that list it"),
        "last_edition_year": ("all", "the last of the editions held that list it"),
        "editions_listed": ("all", "number of the editions held that list it"),
        "gaps": ("all", "editions held between the first and the last that do not list it"),
    },
    "edition_totals": {
        "printed": ("totals row", "the figure of the printed totals row"),
        "sum_of_rows": ("edition", "sum of the figure over all rows"),
        "difference": ("totals row and edition", "printed, less the sum of the figure over all rows"),
        "sum_of_military_and_civil_police": (
            "edition",
            "sum of deployed_military and deployed_civil_police over all rows",
        ),
        "subtotal_separate_reports": (
            "separate",
            "sum of the figure over the rows with a progress report of their own",
        ),
        "subtotal_other": ("other", "sum of the figure over the rows without a progress report of their own"),
    },
}
_GROUP = {
    **_CHANGES,
    "share_of_total": ("edition", "deployed_total_computed, over its sum over all rows of the edition"),
    "missions": ("row", "number of the missions listed"),
}
EDITIONS = {"previous": 2, "three": 3, "printed before": 2}  # that such a value takes


@dataclass(frozen=True)
class Need:
    """Rows of a table in an edition (`keys` None: all of them), and the columns that matter."""

    year: int
    table: str
    keys: tuple[str, ...] | None
    columns: tuple[str, ...]

    def concerns(self, cell: str) -> bool:
        """Whether the printed cell `cell` of such a row matters."""
        return any(read_from(column, cell) for column in self.columns)


def read_from(column: str, cell: str) -> bool:
    """Whether a column is read from a printed cell: international_mandate_end from international_mandate."""
    endings = ("as_printed", "status", "end", "extension", "id")
    return column == cell or column in {f"{cell}_{ending}" for ending in endings}


def computed(subject: Subject, editions: int) -> str | None:
    """How a value that no document prints is computed, and whether editions for it are missing."""
    if subject.printed:
        return None
    reach, told = _reach(subject)
    missing = EDITIONS.get(reach, 1) - editions
    return f"{told}; {missing} of the editions it takes not held" if missing > 0 else told


def needs(connection: DuckDBPyConnection, subject: Subject) -> Iterator[Need]:
    """What the value rests on, its own edition first."""
    reach = "row" if subject.printed else _reach(subject)[0]
    if subject.relation == "mission_history":
        yield from _over_editions(connection, subject, latest=reach == "latest")
    elif subject.relation == "edition_totals":
        yield from _of_totals(connection, subject, reach)
    else:
        columns = (subject.column,) if subject.printed else subject.columns
        for year in (subject.year, *_before(connection, subject, reach)):
            yield Need(year, subject.table, _keys(connection, subject, reach, year), columns)


def _reach(subject: Subject) -> tuple[str, str]:
    of_relation = REACH.get(subject.relation, _GROUP if subject.relation in GROUPS else {})
    how = "summed over the missions listed" if subject.relation in GROUPS else "from what it comes from"
    return of_relation.get(subject.column, ("row", f"by {subject.relation}, {how}"))


def _keys(connection: DuckDBPyConnection, subject: Subject, reach: str, year: int) -> tuple[str, ...] | None:
    """The rows of an edition; a group's are those of its missions."""
    if reach == "edition":
        return None
    if subject.relation not in GROUPS:
        return (subject.key,)
    sql = (
        f"SELECT mission_id FROM mission_trends WHERE {GROUPS[subject.relation]} = ? AND edition_year = ? "
        "AND listed ORDER BY mission_id"
    )
    return tuple(mission for (mission,) in connection.execute(sql, [subject.key, year]).fetchall())


def _before(connection: DuckDBPyConnection, subject: Subject, reach: str) -> list[int]:
    """The earlier editions that a value reaches back to, the latest of them first."""
    if reach in ("previous", "three"):
        sql = "SELECT edition_year FROM editions WHERE edition_year < ? ORDER BY edition_year DESC LIMIT ?"
        parameters: list[object] = [subject.year, 1 if reach == "previous" else 2]
    elif reach == "printed before":
        sql = "SELECT max(edition_year) FROM mandates WHERE mission_id = ? AND edition_year < ?"
        parameters = [subject.key, subject.year]
    else:
        return []
    return [year for (year,) in connection.execute(sql, parameters).fetchall() if year is not None]


def _over_editions(connection: DuckDBPyConnection, subject: Subject, *, latest: bool) -> Iterator[Need]:
    """A mission's row in every edition that lists it, the last one first."""
    columns = subject.columns
    if "deployed_military" not in columns:  # then the value says in which editions the mission is
        columns = ("mission_as_printed",)
    years = connection.execute(
        "SELECT edition_year FROM personnel WHERE mission_id = ? ORDER BY edition_year DESC", [subject.key]
    ).fetchall()
    for (year,) in years[:1] if latest else years:
        yield Need(year, "personnel", (subject.key,), columns)


def _of_totals(connection: DuckDBPyConnection, subject: Subject, reach: str) -> Iterator[Need]:
    """The printed total, the rows that it is held against, or both."""
    figure: tuple[str, ...] = (subject.key,)
    if subject.column == "sum_of_military_and_civil_police":
        figure = ("deployed_military", "deployed_civil_police")
    keys: tuple[str, ...] | None = None
    if reach in ("separate", "other"):
        sql = (
            "SELECT mission_id FROM personnel WHERE edition_year = ? AND separate_report = ? "
            "ORDER BY mission_id"
        )
        found = connection.execute(sql, [subject.year, reach == "separate"]).fetchall()
        keys = tuple(mission for (mission,) in found)
    if "totals row" in reach:
        yield Need(subject.year, "personnel_totals", (TOTAL,), figure)
    if reach != "totals row":
        yield Need(subject.year, "personnel", keys, figure)
