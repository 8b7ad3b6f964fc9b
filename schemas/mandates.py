"""Annex 1: legal basis, international mandate and national frame, per mission."""

from __future__ import annotations

import datetime

import pyarrow as pa
import pyarrow.compute as pc

from schemas.contract import (
    DATE,
    OF_EDITION,
    OF_MISSION,
    TEXT,
    Column,
    Contract,
    RowRule,
    edition_year_column,
    mission_id_column,
    place_columns,
)

STATUSES = ("until", "indefinite", "continuous")


def _dated(prefix: str) -> RowRule:
    """A duration has an end date exactly where its status is `until`."""

    def holds(table: pa.Table) -> pa.ChunkedArray:
        until = pc.fill_null(pc.equal(table[f"{prefix}_status"], "until"), False)
        return pc.equal(until, pc.is_valid(table[f"{prefix}_end"]))

    return RowRule(
        f"{prefix}_dated",
        f"{prefix}_end is given exactly where {prefix}_status is until",
        (f"{prefix}_status", f"{prefix}_end"),
        holds,
    )


def _duration(prefix: str, what: str, printed: str) -> tuple[Column, ...]:
    return (
        Column(
            f"{prefix}_as_printed",
            TEXT,
            f"Duration of {what}, as printed.",
            printed=printed,
            nullable=True,
            cell=prefix,
        ),
        Column(
            f"{prefix}_status",
            TEXT,
            f"Kind of duration of {what}: until a date, indefinite (Onbepaald), continuous (Doorlopend).",
            nullable=True,
            one_of=STATUSES,
            cell=prefix,
        ),
        Column(
            f"{prefix}_end",
            DATE,
            f"Last day of {what}, where a date is printed.",
            nullable=True,
            between=(_day(1945), _day(2150)),
            cell=prefix,
        ),
    )


def _day(year: int) -> datetime.date:
    return datetime.date(year, 1, 1)


MANDATES = Contract(
    name="mandates",
    description="Legal basis, international mandate and national frame per mission, as annex 1 prints them.",
    row="mission in an edition that annex 1 lists",
    key=("edition_year", "mission_id"),
    columns=(
        edition_year_column(),
        mission_id_column(cell="mission"),
        Column(
            "mission_as_printed", TEXT, "Name of the mission as printed.", printed="Inzet", cell="mission"
        ),
        Column(
            "region_as_printed",
            TEXT,
            "Region label beside the row; rotated labels are spelt out.",
            printed="Locatie",
            nullable=True,
            cell="region",
        ),
        Column(
            "legal_basis",
            TEXT,
            "Legal basis of the mission, as printed.",
            printed="Rechtsbasis",
            cell="legal_basis",
        ),
        *_duration("international_mandate", "the international mandate", "Duur internationaal mandaat"),
        Column(
            "international_mandate_extension",
            TEXT,
            "Optional extension of the international mandate, as an ISO 8601 duration (P1Y).",
            nullable=True,
            matches=r"^P(\d+Y)?(\d+M)?(\d+D)?$",
            cell="international_mandate",
        ),
        *_duration("national_frame", "the national frame", "Duur nationaal kader"),
        *place_columns(),
    ),
    references=(OF_EDITION, OF_MISSION),
    rules=(_dated("international_mandate"), _dated("national_frame")),
)
