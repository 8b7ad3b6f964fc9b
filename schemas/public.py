"""Figures of other public sources: observations of the press and ministries, and the UN's contributions.

They are kept apart from the annexes and never mixed with them; `mission_timeline` lays them side by
side and says of each figure what it is (`basis`).
"""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from schemas.contract import (
    DATE,
    INTEGER,
    OF_MISSION,
    TEXT,
    Column,
    Contract,
    RowRule,
    edition_year_column,
    figure,
    mission_id_column,
)

MEASURES = ("frame", "headcount", "deployed")
PRECISIONS = ("day", "month", "year")
DATED_BY = ("as of", "period", "decision")
QUALIFIERS = ("about", "more than", "almost")
CONFIDENCES = ("low", "medium", "high")
LEVELS = ("month and mission", "month, all missions", "year and mission")
MILITARY_TYPES = ("troops", "experts_on_mission", "staff_officers")
POLICE_TYPES = ("police", "individual_police", "formed_police_units")
ALL_TYPES = "all_types"
YEARLY_MEAN = "all_types_mean_of_12_months"
PERSONNEL_TYPES = (*MILITARY_TYPES, *POLICE_TYPES, ALL_TYPES, YEARLY_MEAN)
MARECHAUSSEE = (
    "Royal Marechaussee staff count as military in Dutch sources and as police in UN data, so the two "
    "split a contribution differently."
)
LONGEST_HEADCOUNT = 31  # days: a day, a week, or a month in which the day is not said


def _one_of(name: str, words: str, allowed: tuple[str, ...], *, nullable: bool = False) -> Column:
    return Column(name, TEXT, words, nullable=nullable, one_of=allowed)


def _ordered(table: pa.Table) -> pa.ChunkedArray:
    return pc.fill_null(pc.less_equal(table["period_start"], table["period_end"]), True)


def _dated(table: pa.Table) -> pa.ChunkedArray:
    return pc.or_(pc.is_valid(table["period_start"]), pc.is_valid(table["period_end"]))


def _precise(table: pa.Table) -> pa.ChunkedArray:
    start, end = (
        pc.equal(pc.is_valid(table[f"period_{side}"]), pc.is_valid(table[f"{side}_precision"]))
        for side in ("start", "end")
    )
    return pc.and_(start, end)


def _closed(table: pa.Table) -> pa.ChunkedArray:
    both = pc.and_(pc.is_valid(table["period_start"]), pc.is_valid(table["period_end"]))
    return pc.or_(pc.equal(table["measure"], "frame"), both)


def _short(table: pa.Table) -> pa.ChunkedArray:
    days = pc.subtract(pc.cast(table["period_end"], pa.int32()), pc.cast(table["period_start"], pa.int32()))
    short = pc.fill_null(pc.less(days, LONGEST_HEADCOUNT), False)
    return pc.or_(pc.not_equal(table["measure"], "headcount"), short)


def _adds_up(table: pa.Table) -> pa.ChunkedArray:
    parts = [table["military"], table["civil_police"]]
    total = pc.add(*(pc.fill_null(part, 0) for part in parts))
    none = pc.and_(*(pc.is_null(part) for part in parts))
    return pc.or_(none, pc.equal(table["total"], total))


_DAYS = ("period_start", "period_end")
_PERIOD = (
    Column("period_start", DATE, "First day that the figure can be of; null where not said.", nullable=True),
    Column("period_end", DATE, "Last day that the figure can be of; null where not said.", nullable=True),
)
_PRECISION = tuple(
    _one_of(
        f"{side}_precision",
        f"How precisely the source gives the {side}: {', '.join(PRECISIONS)}; null where it does not.",
        PRECISIONS,
        nullable=True,
    )
    for side in ("start", "end")
)
_FIGURES = (
    figure("military", "Military personnel; null where the source does not split."),
    figure("civil_police", "Civil experts and police officers; null where the source does not split."),
    figure("total", "All of them, as the source gives it.", nullable=False),
)
_PART = Column(
    "part",
    TEXT,
    "Which part of the Dutch contribution the figure is of; null for the whole of it.",
    nullable=True,
)
_QUALIFIER = _one_of(
    "qualifier",
    f"How the source hedges the figure: {', '.join(QUALIFIERS)}; null where it does not.",
    QUALIFIERS,
    nullable=True,
)
_MEASURE = _one_of(
    "measure",
    "frame: ceiling, in persons. headcount: persons there on a day, or in the days of one week or month. "
    "deployed: persons sent over a period, every rotation counted. Never to be mixed.",
    MEASURES,
)
_OBSERVATION_ID = Column(
    "observation_id",
    TEXT,
    "Identifier of the observation; never changed or used again.",
    matches=r"^[a-z0-9]+(-[a-z0-9]+)*$",
)
_CONFIDENCE = _one_of("confidence", f"Trust in the source: {', '.join(CONFIDENCES)}.", CONFIDENCES)
_SOURCE_URL = Column("source_url", TEXT, "Address of the public source.", matches=r"^https?://\S+$")
_NOTE = Column(
    "note", TEXT, "What to know about the figure, in the words of whoever collected it.", nullable=True
)
_LINE = Column("source_line", INTEGER, "Line of the file, counted from 1.", at_least=1, role="place")

OBSERVATIONS = Contract(
    name="observations",
    description="Figures that other public sources gave of Dutch contributions, from raw/observations.csv; "
    "kept apart from the annexes.",
    row="figure of a public source",
    key=("observation_id",),
    columns=(
        _OBSERVATION_ID,
        mission_id_column(),
        _PART,
        _MEASURE,
        _one_of(
            "dated_by",
            "What the dates say: as of (the figure is of a day in them), period (it is of all of it), "
            "decision (when a frame was decided; for how long is not said).",
            DATED_BY,
        ),
        *_PERIOD,
        *_PRECISION,
        *_FIGURES,
        _QUALIFIER,
        _CONFIDENCE,
        _SOURCE_URL,
        _NOTE,
        Column("mission_as_printed", TEXT, "The mission as the figure's collector names it."),
        Column("dates_as_printed", TEXT, "The dates as the figure's collector gives them."),
        _LINE,
    ),
    references=(OF_MISSION,),
    rules=(
        RowRule("dated", "period_start or period_end is given", _DAYS, _dated),
        RowRule("ordered", "period_start is not after period_end", _DAYS, _ordered),
        RowRule(
            "precise",
            "start_precision and end_precision are given exactly where their dates are",
            ("start_precision", "end_precision"),
            _precise,
        ),
        RowRule(
            "closed",
            "a measure other than frame has both period_start and period_end",
            ("measure", *_DAYS),
            _closed,
        ),
        RowRule(
            "short",
            f"a measure of headcount has at most {LONGEST_HEADCOUNT} days from period_start to period_end",
            ("measure", *_DAYS),
            _short,
        ),
        RowRule(
            "adds_up",
            "total is military plus civil_police where either is given",
            ("military", "civil_police", "total"),
            _adds_up,
        ),
    ),
    stage="public",
)


def _month_or_year(table: pa.Table) -> pa.ChunkedArray:
    yearly = pc.equal(table["level"], "year and mission")
    return pc.equal(yearly, pc.equal(table["personnel_type"], YEARLY_MEAN))


def _mission_or_all(table: pa.Table) -> pa.ChunkedArray:
    return pc.equal(pc.is_null(table["mission_id"]), pc.equal(table["level"], "month, all missions"))


UN_CONTRIBUTIONS = Contract(
    name="un_contributions",
    description="Uniformed personnel of the Netherlands in UN missions, from the UN's contributions file; "
    "empty unless `jvom ingest-un` was given one. " + MARECHAUSSEE,
    row="month or year, mission and type of personnel",
    key=("level", "mission_as_printed", "period_start", "personnel_type"),
    columns=(
        _one_of(
            "level",
            f"What the row counts: {', '.join(LEVELS)}. Levels count the same persons again: never add "
            "them up.",
            LEVELS,
        ),
        replace(
            mission_id_column(nullable=True),
            description="Identifier of the mission in the registry; null where the row is over all missions.",
        ),
        Column("mission_as_printed", TEXT, "Mission as the file names it; ALL for all missions together."),
        *(replace(column, nullable=False) for column in _PERIOD),
        _one_of(
            "personnel_type",
            f"Type of personnel: {', '.join(PERSONNEL_TYPES)}. {ALL_TYPES} repeats the others. "
            + MARECHAUSSEE,
            PERSONNEL_TYPES,
        ),
        figure("male", "Men among them; null where the file does not say."),
        figure("female", "Women among them; null where the file does not say."),
        figure(
            "count", "Persons, at the end of the month; for a year, the mean of its months.", nullable=False
        ),
        Column("source", TEXT, "Where the file's figures come from.", nullable=True),
        Column("note", TEXT, "What the file says about the figure.", nullable=True),
        _LINE,
    ),
    references=(OF_MISSION,),
    rules=(
        RowRule("ordered", "period_start is not after period_end", _DAYS, _ordered),
        RowRule(
            "levelled",
            f"personnel_type is {YEARLY_MEAN} where level is a year's, else not",
            ("level", "personnel_type"),
            _month_or_year,
        ),
        RowRule(
            "named",
            "mission_id is given unless level is that of all missions",
            ("level", "mission_id"),
            _mission_or_all,
        ),
    ),
    stage="public",
)

MISSION_OBSERVATIONS = Contract(
    name="mission_observations",
    description="Every observation with its mission, and with the annex's figures of the edition in whose "
    "period it lies.",
    row="figure of a public source",
    key=("observation_id",),
    columns=(
        _OBSERVATION_ID,
        mission_id_column(),
        Column("name", TEXT, "Short name of the mission."),
        Column("region", TEXT, "Region of the mission in the registry."),
        Column("organisation", TEXT, "Organisation that leads it."),
        _PART,
        _MEASURE,
        *_PERIOD,
        *_PRECISION,
        *_FIGURES,
        _QUALIFIER,
        _CONFIDENCE,
        _SOURCE_URL,
        _NOTE,
        replace(
            edition_year_column(),
            nullable=True,
            description="Edition in whose period all of the observation's period lies.",
        ),
        figure("annex_frame_military", "Military ceiling in annex 2 of that edition."),
        figure("annex_frame_civil_police", "Civil/police ceiling in annex 2 of that edition."),
        figure(
            "annex_deployed_total", "Persons sent over the period, in annex 2 of that edition, as printed."
        ),
    ),
    stage="trend",
)

BASES = ("annex frame", "annex deployed", *(f"observed {measure}" for measure in MEASURES), "UN monthly")

MISSION_TIMELINE = Contract(
    name="mission_timeline",
    description="Annex figures, observations and UN figures of each mission side by side. Figures of "
    "different basis measure different things: compare them, never add them up.",
    row="figure of a mission",
    key=("mission_id", "basis", "figure_id"),
    columns=(
        mission_id_column(),
        Column("name", TEXT, "Short name of the mission."),
        _one_of("basis", f"What the figure is: {', '.join(BASES)}.", BASES),
        Column("figure_id", TEXT, "The row behind it: the edition, the observation, or the month."),
        *_PERIOD,
        _PART,
        figure("military", "Military personnel; null where the source does not split. " + MARECHAUSSEE),
        figure(
            "civil_police",
            "Civil experts and police officers; null where the source does not split. " + MARECHAUSSEE,
        ),
        figure(
            "total", "All of them; for the annexes military plus civil/police, null where both are blank."
        ),
        _QUALIFIER,
        replace(_CONFIDENCE, nullable=True),
        replace(
            edition_year_column(),
            nullable=True,
            description="Edition that prints it; null for other sources.",
        ),
        Column("source", TEXT, "Parliamentary paper, address, or file that gives it.", nullable=True),
        Column("note", TEXT, "What to know before comparing it with others.", nullable=True),
    ),
    stage="trend",
)
