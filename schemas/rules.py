"""Rules over whole rows, which the contracts name: what must hold beyond each column's own values."""

import pyarrow as pa
import pyarrow.compute as pc

from schemas.contract import RowRule
from schemas.vocabulary import DEPLOYED

LONGEST_HEADCOUNT = 31  # days: a day, a week, or a month in which the day is not said
YEARLY_MEAN = "all_types_mean_of_12_months"
_DAYS = ("period_start", "period_end")


def _in_order(table: pa.Table) -> pa.ChunkedArray:
    return pc.fill_null(pc.less_equal(table["period_start"], table["period_end"]), True)


def _total_given(table: pa.Table) -> pa.ChunkedArray:
    parts = pc.or_(*(pc.is_valid(table[name]) for name in DEPLOYED))
    given = pc.or_(pc.invert(parts), pc.is_valid(table["deployed_total"]))
    inexact = pc.invert(pc.fill_null(table["exact"], True))
    names = [name for name in ("edition_year", "vintage") if name in table.column_names]
    editions = [tuple(row.values()) for row in table.select(names).to_pylist()]
    totals = table["deployed_total"].to_pylist()
    with_totals = {edition for edition, total in zip(editions, totals, strict=True) if total is not None}
    without = pa.array([edition not in with_totals for edition in editions], pa.bool_())
    return pc.or_(pc.or_(given, inexact), without)


def _precise(table: pa.Table) -> pa.ChunkedArray:
    start, end = (
        pc.equal(pc.is_valid(table[f"period_{side}"]), pc.is_valid(table[f"{side}_precision"]))
        for side in ("start", "end")
    )
    return pc.and_(start, end)


def _closed(table: pa.Table) -> pa.ChunkedArray:
    both = pc.and_(*(pc.is_valid(table[name]) for name in _DAYS))
    return pc.or_(pc.equal(table["measure"], "frame"), both)


def _short(table: pa.Table) -> pa.ChunkedArray:
    days = pc.subtract(*(pc.cast(table[name], pa.int32()) for name in reversed(_DAYS)))
    short = pc.fill_null(pc.less(days, LONGEST_HEADCOUNT), False)
    return pc.or_(pc.not_equal(table["measure"], "headcount"), short)


def _adds_up(table: pa.Table) -> pa.ChunkedArray:
    parts = [table["military"], table["civil_police"]]
    total = pc.add(*(pc.fill_null(part, 0) for part in parts))
    none = pc.and_(*(pc.is_null(part) for part in parts))
    return pc.or_(none, pc.equal(table["total"], total))


def _month_or_year(table: pa.Table) -> pa.ChunkedArray:
    yearly = pc.equal(table["level"], "year and mission")
    return pc.equal(yearly, pc.equal(table["personnel_type"], YEARLY_MEAN))


def _mission_or_all(table: pa.Table) -> pa.ChunkedArray:
    return pc.equal(pc.is_null(table["mission_id"]), pc.equal(table["level"], "month, all missions"))


def _dated(prefix: str) -> RowRule:
    """A duration ends on a day or between two where its status is `until`, and else on no one day.

    A vintage from before contract 2.0 has the day only.
    """
    status, *days = (f"{prefix}_{what}" for what in ("status", "end", "from", "to"))

    def holds(table: pa.Table) -> pa.ChunkedArray:
        until = pc.fill_null(pc.equal(table[status], "until"), False)
        end, first, last = (table[name] for name in days)
        alone = pc.and_(pc.is_null(first), pc.is_null(last))
        dated = pc.fill_null(pc.less_equal(first, last), False)
        one = pc.and_(pc.fill_null(pc.equal(first, end), False), pc.fill_null(pc.equal(last, end), False))
        right = pc.if_else(pc.is_valid(end), pc.or_(alone, one), pc.and_(dated, pc.not_equal(first, last)))
        return pc.if_else(until, pc.fill_null(right, False), pc.is_null(end))

    return RowRule(
        f"{prefix}_dated",
        f"{days[0]} is given, or else {days[1]} before {days[2]}, where {status} is until; "
        f"{days[0]} is not given elsewhere",
        (status, *days),
        holds,
    )


_RULES = (
    RowRule("period_in_order", "period_start is not after period_end", _DAYS, _in_order),
    RowRule("ordered", "period_start is not after period_end", _DAYS, _in_order),
    RowRule(
        "total_given",
        "deployed_total is given where one of its parts is, in exact rows of an edition that prints it",
        (*DEPLOYED, "deployed_total"),
        _total_given,
    ),
    _dated("international_mandate"),
    _dated("national_frame"),
    RowRule(
        "dated",
        "period_start or period_end is given",
        _DAYS,
        lambda table: pc.or_(*(pc.is_valid(table[name]) for name in _DAYS)),
    ),
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
)
RULES = {rule.name: rule for rule in _RULES}
