"""Charts as Altair specs with their data in them, and as the SVG that is read without script.

Colours are CSS variables with a fallback, so that one drawing serves light, dark and print. The rows
of a chart are the rows of the table beside it: nothing is computed here.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Words = Mapping[str, Any]
Row = Mapping[str, Any]

# In the order of the legend: column of the data → its colour. The frame is pale, what was sent is not.
SERIES = {
    "frame_military": "var(--frame-military, #6b7885)",
    "frame_civil_police": "var(--frame-civil, #97a3ae)",
    "deployed_military": "var(--deployed-military, #0b5394)",
    "deployed_civil_police": "var(--deployed-civil, #b4540a)",
}
DEPLOYED = tuple(name for name in SERIES if name.startswith("deployed"))
# Colours of a timeline, in the order in which its bases come.
_BASES = (
    SERIES["frame_military"],
    SERIES["deployed_military"],
    SERIES["deployed_civil_police"],
    "var(--third, #1c7a5a)",
    "var(--other, #7a3b8f)",
    "var(--last, #7a6a00)",
)
FEWEST = 4  # a timeline of fewer figures says no more than its table
WIDTH = 420
_INK = "currentColor"
_QUIET: dict[str, Any] = {
    "background": "transparent",
    "font": "system-ui, sans-serif",
    "aria": False,  # the figure around it says what it is; the table has the numbers
    "view": {"stroke": None},
    "axis": {
        "labelColor": _INK,
        "titleColor": _INK,
        "tickColor": "var(--rule, #ccc)",
        "domainColor": "var(--rule, #ccc)",
        "gridColor": "var(--rule, #ccc)",
        "labelFontSize": 13,
        "titleFontSize": 13,
        "titleFontWeight": "normal",
    },
    "legend": {
        "labelColor": _INK,
        "labelFontSize": 13,
        "orient": "top",
        "columns": 2,
        "title": None,
        "labelLimit": 240,
        "symbolType": "square",
    },
}


class Drawings:
    """Specs as SVG, kept with the site: a chart that has not changed is not drawn a second time.

    `earlier` are those of a site that the same code and tools made. Drawing takes half of a site's time.
    """

    FILE = ".drawings.json"  # in the folder of the site: hash of a spec → its SVG

    def __init__(self, earlier: Mapping[str, str] | None = None) -> None:
        self._earlier = earlier or {}
        self._used: dict[str, str] = {}

    @classmethod
    def of_site(cls, folder: Path) -> Drawings:
        """The drawings of the site in a folder; none if it has none that can be read."""
        try:
            kept = json.loads((folder / cls.FILE).read_bytes())
        except (OSError, ValueError):
            return cls()
        return cls(kept if isinstance(kept, dict) else None)

    def draw(self, spec: Mapping[str, Any]) -> str:
        """The SVG of one spec, as vl-convert gives it."""
        import vl_convert

        key = hashlib.sha256(json.dumps(spec, sort_keys=True).encode()).hexdigest()
        if key not in self._used:
            version = vl_convert.get_vegalite_versions()[-1]
            self._used[key] = self._earlier.get(key) or vl_convert.vegalite_to_svg(
                dict(spec), vl_version=version
            )
        return self._used[key]

    def file(self) -> bytes:
        """What `of_site` reads: every drawing that this site uses."""
        return json.dumps(self._used, indent=0, sort_keys=True).encode()


@dataclass(frozen=True)
class Chart:
    """A chart: `spec` is Vega-Lite with its data, `svg` the same drawn; `name` is unique on its page."""

    name: str
    title: str
    description: str
    spec: Mapping[str, Any]
    svg: str


def of_mission(name: str, trends: Sequence[Row], words: Words, drawings: Drawings) -> Chart:
    """Frame beside deployed, military on civil/police, for each edition that lists the mission."""
    data = [
        {"edition_year": row["edition_year"], **_part(column, row[column], words)}
        for row in trends
        for column in SERIES
        if row[column] is not None
    ]
    return _bars(
        f"figures-{trends[0]['mission_id']}",
        words["chart_mission"].format(name=name),
        data,
        words,
        drawings,
        grouped=True,
    )


def of_totals(totals: Sequence[Row], words: Words, drawings: Drawings) -> Chart:
    """The printed totals of each edition, drawn like a mission."""
    data = [
        {"edition_year": row["edition_year"], **_part(row["column_name"], row["printed"], words)}
        for column in SERIES
        for row in totals
        if row["column_name"] == column and row["printed"] is not None
    ]
    return _bars("totals", words["chart_totals"], data, words, drawings, grouped=True)


def of_edition(year: int, trends: Sequence[Row], words: Words, drawings: Drawings) -> Chart:
    """Persons sent per mission in one edition, most first."""
    ranked = sorted(
        (row for row in trends if row["deployed_total_computed"] is not None),
        key=lambda row: (-row["deployed_total_computed"], row["name"]),
    )
    data = [
        {"mission_id": row["mission_id"], "name": row["name"], **_part(column, row[column], words)}
        for row in ranked
        for column in DEPLOYED
        if row[column] is not None
    ]
    title = words["chart_edition"].format(year=year)
    return _bars(f"edition-{year}", title, data, words, drawings, grouped=False)


def of_timeline(name: str, timeline: Sequence[Row], words: Words, drawings: Drawings) -> Chart | None:
    """Figures over the days that they speak of, a colour and shape for each basis; None for a few."""
    alt = _altair()

    data = [
        {
            "figure_id": row["figure_id"],
            "basis": words["bases"].get(row["basis"], row["basis"]),
            "period_start": str(row["period_start"]),
            "period_end": str(row["period_end"] or row["period_start"]),
            "persons": row["total"],
        }
        for row in timeline
        if row["period_start"] is not None and row["total"] is not None
    ]
    if len(data) < FEWEST:
        return None
    bases = list(dict.fromkeys(row["basis"] for row in data))
    colours = alt.Scale(domain=bases, range=list(_BASES[: len(bases)]))
    shared = {
        "y": alt.Y("persons:Q", title=words["persons"], axis=alt.Axis(tickCount=5, tickMinStep=1)),
        "color": alt.Color("basis:N", scale=colours, legend=alt.Legend(columns=1)),
        "tooltip": [
            alt.Tooltip("basis:N", title=words["basis"]),
            alt.Tooltip("period_start:T", title=words["period_from"]),
            alt.Tooltip("period_end:T", title=words["period_to"]),
            alt.Tooltip("persons:Q", title=words["persons"]),
        ],
    }
    x = alt.X("period_start:T", title=None, axis=alt.Axis(format="%Y", tickCount=6))
    shape = alt.Shape("basis:N", scale=alt.Scale(domain=bases), legend=alt.Legend(columns=1))
    figures = alt.Chart(alt.InlineData(values=data))
    spans = figures.mark_rule(strokeWidth=3, strokeCap="round").encode(x=x, x2="period_end:T", **shared)
    points = figures.mark_point(filled=True, size=55).encode(x=x, shape=shape, **shared)
    chart = alt.layer(spans, points).properties(width=WIDTH - 60, height=240)
    title = words["chart_timeline"].format(name=name)
    return _drawn(f"timeline-{timeline[0]['mission_id']}", title, chart, words, drawings)


def _altair() -> Any:
    """Altair, set to check whole charts and not each of their parts, which takes half of the time."""
    import altair
    from altair.utils import schemapi

    schemapi.disable_debug_mode()
    return altair


def _part(column: str, persons: int, words: Words) -> dict[str, Any]:
    """One bar's figure: the column it is of, and what that is called."""
    measure = "frame" if column.startswith("frame") else "deployed"
    return {
        "column_name": column,
        "persons": persons,
        "series": words[column],
        "measure": words[measure],
    }


def _bars(
    name: str, title: str, data: list[dict[str, Any]], words: Words, drawings: Drawings, *, grouped: bool
) -> Chart:
    """Stacked bars: standing ones per edition with frame beside deployed, or lying ones per mission."""
    alt = _altair()

    columns = [column for column in SERIES if any(row["column_name"] == column for row in data)]
    colour = alt.Color(
        "series:N",
        scale=alt.Scale(domain=[words[c] for c in columns], range=[SERIES[c] for c in columns]),
        legend=alt.Legend(),
    )
    subject = "edition_year:O" if grouped else "name:N"
    tooltip = [
        alt.Tooltip(subject, title=words["edition" if grouped else "mission"]),
        alt.Tooltip("series:N", title=words["measure"]),
        alt.Tooltip("persons:Q", title=words["persons"]),
    ]
    bars = alt.Chart(alt.InlineData(values=data)).mark_bar(stroke="var(--paper, #fff)", strokeWidth=0.5)
    persons: dict[str, Any] = {"title": words["persons"], "axis": alt.Axis(tickCount=5, tickMinStep=1)}
    if grouped:
        order = [words["frame"], words["deployed"]]
        chart = bars.encode(
            x=alt.X(subject, title=words["edition"], axis=alt.Axis(labelAngle=0)),
            xOffset=alt.XOffset("measure:N", sort=order),
            y=alt.Y("persons:Q", **persons),
            color=colour,
            tooltip=tooltip,
        ).properties(width=WIDTH - 60, height=240)
    else:
        order = list(dict.fromkeys(row["name"] for row in data))
        chart = bars.encode(
            y=alt.Y(subject, title=None, sort=order, axis=alt.Axis(labelLimit=170)),
            x=alt.X("persons:Q", **persons),
            color=colour,
            tooltip=tooltip,
        ).properties(width=WIDTH - 190, height={"step": 22})
    return _drawn(name, title, chart, words, drawings)


def _drawn(name: str, title: str, chart: Any, words: Words, drawings: Drawings) -> Chart:
    locale = {
        "decimal": words["decimal"],
        "thousands": words["thousands"],
        "grouping": [3],
        "currency": ["", ""],
    }
    spec = chart.properties(description=title).configure(**_QUIET, locale={"number": locale}).to_dict()
    return Chart(name, title, words["chart_described"], spec, _inline(drawings.draw(spec)))


def _inline(svg: str) -> str:
    """The drawing as part of a page: it scales with its box, and leaves speaking to the figure."""
    opening = re.sub(r'\s(width|height|xmlns:xlink|version)="[^"]*"', "", svg[: svg.index(">")])
    return opening + ' aria-hidden="true" focusable="false"' + svg[svg.index(">") :]
