"""The trend views: each mission, region and organisation over the editions held."""

from __future__ import annotations

from schemas.contract import (
    BOOLEAN,
    DATE,
    DOUBLE,
    INTEGER,
    INTEGERS,
    TEXT,
    Column,
    Contract,
    edition_year_column,
    figure,
    mission_id_column,
)
from schemas.personnel import FIGURE_COLUMNS
from schemas.vocabulary import FIGURES

MISSION_STATUSES = ("new", "continued", "returned", "no_longer_listed")

_PERIOD = (
    Column("period_start", DATE, "First day of the edition's period.", nullable=True),
    Column("period_end", DATE, "Last day of the edition's period.", nullable=True),
)
_COMPUTED = figure(
    "deployed_total_computed",
    "Persons sent: military plus civil/police, as printed; null where both are blank.",
    formula="deployed_military + deployed_civil_police; a blank beside a figure is 0",
)


def _share(what: str) -> Column:
    return Column(
        "share_of_total",
        DOUBLE,
        f"{what} share of deployed_total_computed over the edition's listed rows, 0 to 1.",
        unit="share",
        nullable=True,
        between=(0, 1),
        formula="deployed_total_computed, over its sum over all rows of the edition",
        reach="edition",
    )


_CHANGE = (
    Column(
        "change",
        INTEGER,
        "deployed_total_computed less its value in the previous edition held.",
        unit="persons",
        nullable=True,
        formula="deployed_total_computed, less that of the previous edition held",
        reach="previous edition",
    ),
    Column(
        "change_pct",
        DOUBLE,
        "change as a percentage of the previous value; null where that is 0 or missing.",
        unit="percent",
        nullable=True,
        formula="change, as a percentage of the previous edition's deployed_total_computed",
        reach="previous edition",
    ),
)


def _ratio(part: str, words: str) -> Column:
    return Column(
        f"deployed_per_frame_{part}",
        DOUBLE,
        f"Persons sent per person of the ceiling, {words}; above 1 means rotations, not overuse.",
        unit="ratio",
        nullable=True,
        at_least=0,
        formula=f"deployed_{part} / frame_{part}",
    )


MISSION_TRENDS = Contract(
    name="mission_trends",
    description="Each mission in each edition that lists it, with change, share, rank and status; "
    "one row without figures in the first edition that misses it.",
    row="mission and edition",
    key=("mission_id", "edition_year"),
    columns=(
        mission_id_column(),
        edition_year_column(),
        *_PERIOD,
        Column("name", TEXT, "Short name of the mission."),
        Column("region", TEXT, "Region of the mission in the registry."),
        Column("organisation", TEXT, "Organisation that leads it."),
        Column("listed", BOOLEAN, "Whether annex 2 of the edition lists the mission."),
        *FIGURE_COLUMNS,
        _COMPUTED,
        Column(
            "previous_edition_year",
            INTEGER,
            "The previous edition held, whether or not it lists the mission.",
            nullable=True,
            formula="the edition held before this one",
            reach="previous edition",
        ),
        Column(
            "comparable",
            BOOLEAN,
            "Whether both periods are equally long and no edition is missing between them; "
            "null in the first edition held.",
            nullable=True,
            formula="whether this period and that of the previous edition held are alike",
            reach="previous edition",
        ),
        *_CHANGE,
        _share("The mission's"),
        Column(
            "rank_in_edition",
            INTEGER,
            "1 for the most persons sent in the edition; ties share a rank.",
            nullable=True,
            at_least=1,
            formula="place of deployed_total_computed among all rows of the edition",
            reach="edition",
        ),
        _ratio("military", "military"),
        _ratio("civil_police", "civil/police"),
        Column(
            "moving_average_3",
            DOUBLE,
            "Mean of deployed_total_computed over three consecutive editions held, this one last.",
            unit="persons",
            nullable=True,
            formula="mean of deployed_total_computed over three consecutive editions held",
            reach="three editions",
        ),
        Column(
            "status",
            TEXT,
            "new, continued, returned, or no_longer_listed (leaving the report is not ending); "
            "null in the first edition held.",
            nullable=True,
            one_of=MISSION_STATUSES,
            formula="whether this edition and the ones before it list the mission",
            reach="previous edition",
        ),
        Column(
            "has_error_finding",
            BOOLEAN,
            "Whether a finding of severity error touches the row: see findings.",
            formula="whether a row of findings of severity error is about the row",
        ),
        Column(
            "has_correction",
            BOOLEAN,
            "Whether a correction is declared on the row: see corrections.",
            formula="whether a row of corrections is about the row",
        ),
    ),
    stage="trend",
)

MISSION_HISTORY = Contract(
    name="mission_history",
    description="One line per mission: when it is listed, its peak and its latest figure.",
    row="mission",
    key=("mission_id",),
    columns=(
        mission_id_column(),
        Column("name", TEXT, "Short name of the mission."),
        Column(
            "first_edition_year",
            INTEGER,
            "First edition held that lists it.",
            formula="the first of the editions held that list it",
            reach="every edition",
        ),
        Column(
            "last_edition_year",
            INTEGER,
            "Last edition held that lists it.",
            formula="the last of the editions held that list it",
            reach="every edition",
        ),
        Column(
            "editions_listed",
            INTEGER,
            "Number of editions held that list it.",
            unit="editions",
            formula="number of the editions held that list it",
            reach="every edition",
        ),
        Column(
            "peak_edition_year",
            INTEGER,
            "Edition with the most persons sent; the earliest where several are equal.",
            nullable=True,
            formula="the edition of the largest deployed_total_computed, the earliest one",
            reach="every edition",
        ),
        figure(
            "peak_deployed_total",
            "deployed_total_computed in that edition.",
            formula="the largest deployed_total_computed of the editions held",
            reach="every edition",
        ),
        figure(
            "latest_deployed_total",
            "deployed_total_computed in the last edition that lists it.",
            formula="deployed_total_computed in the last edition that lists it",
            reach="latest edition",
        ),
        Column(
            "gaps",
            INTEGERS,
            "Editions held between first and last that do not list it.",
            formula="editions held between the first and the last that do not list it",
            reach="every edition",
        ),
    ),
    stage="trend",
)


def _group_trends(name: str, column: str, description: str) -> Contract:
    sums = tuple(
        figure(
            name,
            f"Sum of {name} over the listed missions; null where all are blank.",
            formula=f"sum of {name} over the missions listed",
        )
        for name in FIGURES
    )
    return Contract(
        name=name,
        description=description,
        row=f"{column} and edition",
        key=(column, "edition_year"),
        columns=(
            Column(column, TEXT, f"{column.capitalize()} of the missions, from the registry."),
            edition_year_column(),
            Column(
                "missions",
                INTEGER,
                "Missions listed.",
                unit="missions",
                formula="number of the missions listed",
            ),
            *sums,
            figure(
                "deployed_total_computed",
                "Sum of deployed_total_computed over the listed missions.",
                formula="sum of deployed_total_computed over the missions listed",
            ),
            *_CHANGE,
            _share(f"The {column}'s"),
        ),
        stage="trend",
    )


REGION_TRENDS = _group_trends(
    "region_trends", "region", "Each region in each edition, from the registry's regions."
)
ORGANISATION_TRENDS = _group_trends(
    "organisation_trends", "organisation", "Each leading organisation in each edition."
)

EDITION_TOTALS = Contract(
    name="edition_totals",
    description="The printed totals beside the sums of the printed rows, per figure.",
    row="edition and column",
    key=("edition_year", "column_name"),
    columns=(
        edition_year_column(),
        Column("column_name", TEXT, "Name of the figure.", one_of=FIGURES),
        figure(
            "printed",
            "The figure in the printed totals row.",
            formula="the figure of the printed totals row",
            reach="totals row",
        ),
        figure(
            "sum_of_rows",
            "Sum of the figure over the printed rows.",
            formula="sum of the figure over all rows",
            reach="edition",
        ),
        Column(
            "difference",
            INTEGER,
            "printed less sum_of_rows.",
            unit="persons",
            nullable=True,
            formula="printed, less the sum of the figure over all rows",
            reach="totals row and edition",
        ),
        figure(
            "sum_of_military_and_civil_police",
            "For deployed_total: sum over the rows of military and civil/police; null otherwise.",
            formula="sum of deployed_military and deployed_civil_police over all rows",
            reach="edition",
        ),
        figure(
            "subtotal_separate_reports",
            "Sum over the rows with a progress report of their own.",
            formula="sum of the figure over the rows with a progress report of their own",
            reach="separate reports",
        ),
        figure(
            "subtotal_other",
            "Sum over the other rows.",
            formula="sum of the figure over the rows without a progress report of their own",
            reach="other reports",
        ),
    ),
    stage="trend",
)


def _moved(prefix: str) -> Column:
    return Column(
        f"{prefix}_moved_days",
        INTEGER,
        "Days by which that end moved since the mission's previous mandate row.",
        unit="days",
        nullable=True,
        formula="days from the end that annex 1 printed before",
        reach="previous mandate",
    )


def _lapsed(prefix: str, when: str, words: str, formula: str) -> Column:
    return Column(
        f"{prefix}_lapsed_{when}_period",
        BOOLEAN,
        f"Whether it ended {words}; null without a date.",
        nullable=True,
        formula=f"whether the end lies {formula}",
    )


_WITHIN = ("within", "within the edition's period", "from the first to the last day of the period")

MANDATE_TRENDS = Contract(
    name="mandate_trends",
    description="Each mission's legal basis, mandate and national frame over the editions.",
    row="mission and edition",
    key=("mission_id", "edition_year"),
    columns=(
        mission_id_column(),
        edition_year_column(),
        Column("legal_basis", TEXT, "Legal basis of the mission, as printed."),
        Column("international_mandate_end", DATE, "Last day of the international mandate.", nullable=True),
        _moved("international_mandate"),
        _lapsed(
            "international_mandate",
            "before",
            "before the edition's period began",
            "before the first day of the period",
        ),
        _lapsed("international_mandate", *_WITHIN),
        Column("national_frame_end", DATE, "Last day of the national frame.", nullable=True),
        _moved("national_frame"),
        _lapsed("national_frame", *_WITHIN),
    ),
    stage="trend",
)
