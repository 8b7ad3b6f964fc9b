"""Annex 2: personnel ceilings and persons sent, per mission, and the totals as printed."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from schemas.contract import (
    BOOLEAN,
    INTEGERS,
    OF_EDITION,
    OF_MISSION,
    TEXT,
    Column,
    Contract,
    RowRule,
    edition_year_column,
    figure,
    mission_id_column,
    place_columns,
)
from schemas.vocabulary import DEPLOYED, FIGURES, TOTAL

_FIGURES = {
    "frame_military": ("Ceiling for military personnel that the cabinet set.", "Nationale kaders, Militair"),
    "frame_civil_police": (
        "Ceiling for civil experts and police officers together.",
        "Nationale kaders, Civiel/Politie",
    ),
    "deployed_military": (
        "Military personnel sent over the whole period, every rotation counted.",
        "Ingezet personeel, Militair",
    ),
    "deployed_civil_police": (
        "Civil experts and police officers sent over the whole period.",
        "Ingezet personeel, Civiel/Politie",
    ),
    "deployed_total": (
        "Personnel sent over the whole period, as printed (not computed).",
        "Ingezet personeel, Totaal",
    ),
}
FIGURE_COLUMNS = tuple(
    figure(name, description, printed=printed, cell=name)
    for name, (description, printed) in ((name, _FIGURES[name]) for name in FIGURES)
)


def _total_given(table: pa.Table) -> pa.ChunkedArray:
    parts = pc.or_(*(pc.is_valid(table[name]) for name in DEPLOYED))
    return pc.or_(pc.invert(parts), pc.is_valid(table["deployed_total"]))


_TOTAL_GIVEN = RowRule(
    "total_given",
    "deployed_total is given where one of its parts is",
    (*DEPLOYED, "deployed_total"),
    _total_given,
)

PERSONNEL = Contract(
    name="personnel",
    description="Personnel ceilings and persons sent per mission, as annex 2 prints them.",
    row="mission in an edition",
    key=("edition_year", "mission_id"),
    columns=(
        edition_year_column(),
        mission_id_column(cell="mission"),
        Column(
            "mission_as_printed", TEXT, "Name of the mission as printed.", printed="Missie", cell="mission"
        ),
        Column(
            "region_as_printed",
            TEXT,
            "Region heading under which the row stands.",
            nullable=True,
            cell="region",
        ),
        *FIGURE_COLUMNS,
        Column(
            "separate_report",
            BOOLEAN,
            "Whether the row says that the mission has a progress report of its own (separate VGR).",
        ),
        Column(
            "inferred",
            BOOLEAN,
            "Whether the column of at least one figure was inferred, because empty cells vanished.",
        ),
        Column("footnotes", INTEGERS, "Numbers of the footnotes marked in the row."),
        *place_columns(),
    ),
    references=(OF_EDITION, OF_MISSION),
    rules=(_TOTAL_GIVEN,),
)

PERSONNEL_TOTALS = Contract(
    name="personnel_totals",
    description="The totals row of annex 2, as printed; it need not equal the sum of the rows.",
    row="edition",
    key=("edition_year",),
    columns=(edition_year_column(), *FIGURE_COLUMNS, *place_columns(end=False)),
    references=(OF_EDITION,),
    rules=(_TOTAL_GIVEN,),
    row_prefix=TOTAL,
)
