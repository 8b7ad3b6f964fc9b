"""Charts as Vega-Lite with their data in it, by the template `chart.json`, and as SVG that needs no script.

The rows of a chart are the rows of the table beside it: nothing is computed here.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
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
# Colours of a timeline, in the order in which its bases come.
_BASES = (
    *(SERIES[name] for name in ("frame_military", "deployed_military", "deployed_civil_police")),
    *("var(--third, #1c7a5a)", "var(--other, #7a3b8f)", "var(--last, #7a6a00)"),
)
LEVEL = 7  # so many years have their labels beside each other; more of them stand upright
FEWEST = 4  # a timeline of fewer figures says no more than its table


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
        return json.dumps(self._used, indent=0, sort_keys=True).encode()


@dataclass(frozen=True)
class Chart:
    """A chart: `spec` is Vega-Lite with its data, `svg` the same drawn; `name` is unique on its page.

    `note` says what an empty place on its axis means; empty where there is none.
    """

    name: str
    title: str
    description: str
    spec: Mapping[str, Any]
    svg: str
    note: str = ""


def of_mission(
    name: str, trends: Sequence[Row], held: Sequence[int], words: Words, drawings: Drawings
) -> Chart | None:
    """Frame beside deployed, military on civil/police, for each edition that lists the mission.

    `held` are the years of which an edition is held. None where no figure has an exact value.
    """
    data = [
        {"edition_year": row["edition_year"], **_part(column, row[column], words)}
        for row in trends
        for column in SERIES
        if row[column] is not None
    ]
    title = words["chart_mission"].format(name=name)
    years = [row["edition_year"] for row in trends]
    return _by_year(f"figures-{trends[0]['mission_id']}", title, data, years, held, words, drawings)


def of_totals(totals: Sequence[Row], held: Sequence[int], words: Words, drawings: Drawings) -> Chart | None:
    """The printed totals of each edition, drawn like a mission."""
    data = [
        {"edition_year": row["edition_year"], **_part(row["column_name"], row["printed"], words)}
        for column in SERIES
        for row in totals
        if row["column_name"] == column and row["printed"] is not None
    ]
    return _by_year("totals", words["chart_totals"], data, held, held, words, drawings)


def _by_year(
    name: str,
    title: str,
    data: Sequence[Row],
    years: Sequence[int],
    held: Sequence[int],
    words: Words,
    drawings: Drawings,
) -> Chart | None:
    """Bars over every year from the first to the last of `years`, each once; none where there is no data.

    A year of which no edition is held keeps its place, with its label in brackets.
    """
    if not data:
        return None
    axis = list(range(min(years), max(years) + 1))
    missing = [year for year in axis if year not in held]
    return replace(
        _bars("mission", name, title, data, words, drawings, axis=axis, missing=missing),
        note=words["chart_missing"] if missing else "",
    )


def of_edition(year: int, trends: Sequence[Row], words: Words, drawings: Drawings) -> Chart | None:
    """Persons sent per mission in one edition, most first; None where no mission has an exact figure."""
    ranked = sorted(
        (row for row in trends if row["deployed_total_computed"] is not None),
        key=lambda row: (-row["deployed_total_computed"], row["name"]),
    )
    data = [
        {"mission_id": row["mission_id"], "name": row["name"], **_part(column, row[column], words)}
        for row in ranked
        for column in SERIES
        if column.startswith("deployed") and row[column] is not None
    ]
    if not data:
        return None
    title = words["chart_edition"].format(year=year)
    return _bars("edition", f"edition-{year}", title, data, words, drawings)


def of_timeline(name: str, timeline: Sequence[Row], words: Words, drawings: Drawings) -> Chart | None:
    """Figures over the days that they speak of, a colour and shape for each basis; None for a few."""
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
    scale = dict(zip(dict.fromkeys(row["basis"] for row in data), _BASES, strict=False))
    title = words["chart_timeline"].format(name=name)
    return _drawn("timeline", f"timeline-{timeline[0]['mission_id']}", title, data, scale, words, drawings)


def _part(column: str, persons: int, words: Words) -> Row:
    """One bar's figure: the column it is of, and what that is called."""
    measure = words[column.partition("_")[0]]
    return {"column_name": column, "persons": persons, "series": words[column], "measure": measure}


def _bars(
    kind: str,
    name: str,
    title: str,
    data: Sequence[Row],
    words: Words,
    drawings: Drawings,
    **axis: Sequence[int],
) -> Chart:
    there = {row["column_name"] for row in data}
    scale = {words[column]: colour for column, colour in SERIES.items() if column in there}
    return _drawn(kind, name, title, data, scale, words, drawings, **axis)


def _drawn(
    kind: str,
    name: str,
    title: str,
    data: Sequence[Row],
    scale: Mapping[str, str],
    words: Words,
    drawings: Drawings,
    axis: Sequence[int] = (),
    missing: Sequence[int] = (),
) -> Chart:
    order = list(dict.fromkeys(row.get("name") for row in data))
    values: dict[str, Any] = {"kind": kind, "title": title, "data": data, "order": order, "t": words}
    values |= {"axis": axis, "missing": missing, "steep": len(axis) > LEVEL}
    spec = json.loads(_template().render(values, domain=[*scale], colours=[*scale.values()]))
    svg = drawings.draw(spec)
    # As part of a page it scales with its box, and leaves speaking to the figure.
    opening = re.sub(r'\s(width|height|xmlns:xlink|version)="[^"]*"', "", svg[: svg.index(">")])
    inline = opening + ' aria-hidden="true" focusable="false"' + svg[svg.index(">") :]
    return Chart(name, title, words["chart_described"], spec, inline)


@cache
def _template() -> Any:
    from jinja2 import Environment, StrictUndefined

    text = (Path(__file__).parent / "templates" / "chart.json").read_text(encoding="utf-8")
    return Environment(undefined=StrictUndefined).from_string(text)
