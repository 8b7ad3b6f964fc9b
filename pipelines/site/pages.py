"""The pages: what they are made of, which there are, and the Jinja environment that escapes it all.

They are made of rows of the published file, asked for once and looked up by key. A relation that the file
does not hold has no rows, and the part of the page that would show it is left out.
"""

import datetime
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from duckdb import DuckDBPyConnection
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

import schemas
from pipelines import sql
from pipelines.harmless import finalized, json_text
from pipelines.site import charts
from pipelines.site.charts import Drawings
from schemas import dataset
from schemas.dates import reduced
from schemas.vocabulary import FIGURES

Row = dict[str, Any]
SEVERITIES = ("error", "warn", "info")
# Relation → the order in which pages show its rows; a view has no `rowid`.
_READ = {
    "editions": "edition_year",
    "missions": "name, mission_id",
    "mission_spellings": "spelling",
    "mission_relations": "mission_id, relation, other_mission_id",
    "edition_sequence": "edition_year",
    "figures_left_out": "edition_year, mission_id, column_name, printed_column",
    "mission_trends": "mission_id, edition_year",
    "mission_history": "mission_id",
    "mission_timeline": "mission_id, period_start, period_end, basis, figure_id",
    "mission_events": "edition_year, coalesce(date_from, date), event_id",
    "personnel": "edition_year, source_page, source_line",
    "personnel_totals": "edition_year",
    "mandates": "edition_year, source_page, source_line",
    "mandate_trends": "mission_id, edition_year",
    "footnotes": "edition_year, number, source_line",
    "edition_totals": "edition_year, column_name",
    "region_trends": "region, edition_year",
    "findings": "edition_year, finding_id",
    "corrections": "ALL",
    "cells": "edition_year, source_page, source_line, table_name, row_key, column_name",
    "vintages": "edition_year, vintage",
    "revisions": "edition_year, vintage, table_name, row_key, column_name",
    "column_lineage": 'relation, "column", position',
}
HERE = Path(__file__).parent
LANGUAGES = ("nl", "en")
SECTIONS = ("data", "registry", "public", "trend", "record")
BIGGEST = 10  # changes on the front page


@dataclass(frozen=True)
class Content:
    """One release as rows: `rows` by relation, empty if the file has none; `release` is its row.

    `cells` are by edition, table, row and column.
    """

    release: Row
    rows: Mapping[str, Sequence[Row]]
    cells: Mapping[tuple[Any, ...], Row]

    def of(self, relation: str, **equal: object) -> list[Row]:
        return [row for row in self.rows[relation] if all(row.get(name) == equal[name] for name in equal)]

    @property
    def lineage(self) -> dict[str, dict[str, list[tuple[str, str]]]]:
        """View → column → the (relation, column) pairs that it is computed from, in publication order."""
        found: dict[str, dict[str, list[tuple[str, str]]]] = {}
        for row in self.rows["column_lineage"]:
            source = (row["source_relation"], row["source_column"])
            found.setdefault(row["relation"], {}).setdefault(row["column"], []).append(source)
        return {
            name: {column: found[name].get(column, []) for column in contract.names}
            for name, contract in schemas.RELATIONS.items()
            if name in found
        }

    @cached_property
    def left_out(self) -> dict[tuple[int, str, str], str]:
        """Edition, mission and figure → the printed words, where it has no exact value."""
        found: dict[tuple[int, str, str], list[str]] = {}
        for row in self.rows["figures_left_out"]:
            words = row["as_printed"] or row["qualifier"]
            found.setdefault((row["edition_year"], row["mission_id"], row["column_name"]), []).append(words)
        return {figure: ", ".join(dict.fromkeys(words)) for figure, words in found.items()}

    @cached_property
    def not_held(self) -> dict[int, list[int]]:
        """Edition → the years before it, back to the edition held before, of which none is held."""
        return {row["edition_year"]: row["years_not_held"] for row in self.rows["edition_sequence"]}

    @property
    def years(self) -> list[int]:
        return [row["edition_year"] for row in self.rows["editions"]]

    @property
    def missions(self) -> list[Row]:
        """Missions of which there is anything to show, by name."""
        shown = {row["mission_id"] for row in (*self.rows["mission_trends"], *self.rows["mission_timeline"])}
        return [row for row in self.rows["missions"] if row["mission_id"] in shown]

    def findings(self, **equal: object) -> list[Row]:
        """Findings, worst first, then by edition, the newest first."""
        return sorted(
            self.of("findings", **equal),
            key=lambda row: (SEVERITIES.index(row["severity"]), -row["edition_year"]),
        )


def read(connection: DuckDBPyConnection) -> Content:
    """Everything that pages show, from an open published file."""
    query = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'main'"
    there = {row["table_name"] for row in sql.rows(connection, query)}
    rows = {
        name: sql.rows(connection, f'FROM "{name}" ORDER BY {order}') if name in there else []
        for name, order in _READ.items()
    }
    release = sql.rows(connection, "FROM releases ORDER BY rowid")[-1]
    key = ("edition_year", "table_name", "row_key", "column_name")
    return Content(release, rows, {tuple(map(row.get, key)): row for row in rows["cells"]})


@dataclass(frozen=True)
class Site:
    content: Content
    assets: Mapping[str, Sequence[str]]
    drawings: Drawings = field(default_factory=Drawings)

    def pages(self) -> Iterator[tuple[str, str]]:
        yield "index.html", self._environment.get_template("choose.html").render(words=self._words)
        for language in LANGUAGES:
            for path, template, values in self._tree(language):
                yield f"{language}/{path}", self._rendered(language, path, template, values)

    def _tree(self, language: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Every page of one language: path, template, and what the template is given."""
        words = self._words[language]
        yield "index.html", "front.html", self._front(words)
        for mission in self.content.missions:
            path = f"missions/{mission['mission_id']}.html"
            yield path, "mission.html", self._mission(mission, words)
        for edition in self.content.rows["editions"]:
            year = edition["edition_year"]
            yield f"editions/{year}.html", "edition.html", self._edition(edition, words)
            yield f"evidence/{year}.html", "evidence.html", self._evidence(edition)
        yield "lineage.html", "lineage.html", self._lineage()
        yield "dictionary.html", "dictionary.html", self._dictionary()
        yield "cite.html", "cite.html", {"dataset": _citation(self.content, words)}
        yield "changes.html", "changes.html", {}

    def _rendered(self, language: str, path: str, template: str, values: dict[str, Any]) -> str:
        return self._environment.get_template(template).render(
            {
                "content": self.content,
                "release": self.content.release,
                "t": self._words[language],
                "language": language,
                "other": next(other for other in LANGUAGES if other != language),
                "path": path,
                "root": "../" * path.count("/"),
                "number": _Numbers(self._words[language]),
                "figures": FIGURES,
                "cell": self._cell,
                **values,
            }
        )

    @cached_property
    def _words(self) -> dict[str, dict[str, Any]]:
        with (HERE / "words.toml").open("rb") as file:
            words = tomllib.load(file)
        whole = dataset.load()
        for language in LANGUAGES:
            words[language] |= {"title": whole.title[language], "described": whole.description[language]}
        return words

    @cached_property
    def _environment(self) -> Environment:
        environment = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            finalize=finalized,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.filters["data"] = as_script
        environment.filters["reduced"] = reduced
        return environment

    def _front(self, words: Mapping[str, Any]) -> dict[str, Any]:
        latest = self.content.years[-1] if self.content.years else None
        trends = self.content.of("mission_trends", edition_year=latest)
        changed = [row for row in trends if row["change"]]
        totals = self.content.rows["edition_totals"]
        return {
            "latest": latest,
            "totals": {year: _by_column(self.content, year) for year in self.content.years},
            "listed": {
                year: sum(row["listed"] for row in self.content.of("mission_trends", edition_year=year))
                for year in self.content.years
            },
            "listed_in": _listed_in(self.content.rows["mission_trends"]),
            "changes": sorted(changed, key=lambda row: (-abs(row["change"]), row["name"]))[:BIGGEST],
            "findings": self.content.findings(),
            "severities": SEVERITIES,
            "trends": {row["mission_id"]: row for row in trends},
            "between": {year: self.content.not_held.get(year, []) for year in self.content.years},
            "totals_chart": charts.of_totals(totals, self.content.years, words, self.drawings),
        }

    def _mission(self, mission: Row, words: Mapping[str, Any]) -> dict[str, Any]:
        of_mission = {"mission_id": mission["mission_id"]}
        trends = self.content.of("mission_trends", **of_mission)
        listed = [row for row in trends if row["listed"]]
        timeline = self.content.of("mission_timeline", **of_mission)
        years = [row["edition_year"] for row in trends]
        between = {year: self.content.not_held.get(year, []) if at else [] for at, year in enumerate(years)}
        return {
            "mission": mission,
            "trends": trends,
            "between": between,
            "chart": charts.of_mission(mission["name"], listed, self.content.years, words, self.drawings)
            if listed
            else None,
            "timeline": timeline,
            "timeline_chart": charts.of_timeline(mission["name"], timeline, words, self.drawings)
            if timeline
            else None,
            "mandates": self.content.of("mandates", **of_mission),
            "findings": self.content.findings(**of_mission),
            "events": self.content.of("mission_events", **of_mission),
            "spellings": self.content.of("mission_spellings", **of_mission),
            "relations": self.content.of("mission_relations", **of_mission),
            "names": {row["mission_id"]: row["name"] for row in self.content.missions},
        }

    def _edition(self, edition: Row, words: Mapping[str, Any]) -> dict[str, Any]:
        year = {"edition_year": edition["edition_year"]}
        trends = [row for row in self.content.of("mission_trends", **year) if row["listed"]]
        return {
            "edition": edition,
            "year": edition["edition_year"],
            "personnel": self.content.of("personnel", **year),
            "printed_totals": next(iter(self.content.of("personnel_totals", **year)), None),
            "totals": _by_column(self.content, edition["edition_year"]),
            "mandates": self.content.of("mandates", **year),
            "footnotes": self.content.of("footnotes", **year),
            "findings": self.content.findings(**year),
            "corrections": self.content.of("corrections", **year),
            "trends": trends,
            "left_out": [row["name"] for row in trends if row["left_out"]],
            "chart": charts.of_edition(edition["edition_year"], trends, words, self.drawings),
        }

    def _evidence(self, edition: Row) -> dict[str, Any]:
        tables: dict[str, dict[str, list[Row]]] = {}
        for row in self.content.of("cells", edition_year=edition["edition_year"]):
            tables.setdefault(row["table_name"], {}).setdefault(row["row_key"], []).append(row)
        return {
            "edition": edition,
            "year": edition["edition_year"],
            "tables": {table: list(rows.items()) for table, rows in tables.items()},
            "names": {row["mission_id"]: row["name"] for row in self.content.rows["missions"]},
        }

    def _lineage(self) -> dict[str, Any]:
        views = self.content.lineage
        return {
            "assets": self.assets,
            "relations": {
                view: list(dict.fromkeys(relation for found in columns.values() for relation, _ in found))
                for view, columns in views.items()
            },
            "described": schemas.RELATIONS.keys() - schemas.VINTAGE_TABLES.keys(),
            "views": views,
        }

    def _dictionary(self) -> dict[str, Any]:
        contracts = [c for name, c in schemas.RELATIONS.items() if name not in schemas.VINTAGE_TABLES]
        return {
            "sections": [(stage, [c for c in contracts if c.stage == stage]) for stage in SECTIONS],
            "vintages": schemas.VINTAGE_TABLES,
            "sources": self.content.lineage,
        }

    def _cell(self, year: int, table: str, row: str, column: str) -> Row | None:
        """The printed cell of a figure, or the blank inferred for it."""
        return self.content.cells.get((year, table, row, schemas.RELATIONS[table].cell_of(column)))


class _Numbers:
    """Numbers and dates as a language writes them."""

    def __init__(self, words: Mapping[str, Any]) -> None:
        self.words = words

    def __call__(self, value: object, *, signed: bool = False) -> str:
        """A count with its thousands apart, a share of a number with one decimal; others as they are."""
        if isinstance(value, bool):
            return str(self.words["yes" if value else "no"])
        if isinstance(value, int | float):
            text = f"{value:{'+' if signed else ''},{'' if isinstance(value, int) else '.1f'}}"
            swap = str.maketrans({",": self.words["thousands"], ".": self.words["decimal"], "-": "−"})
            return text.translate(swap)
        return str(value)

    def date(self, value: datetime.date | None) -> str:
        return f"{value.day} {self.words['months'][value.month - 1]} {value.year}" if value else ""


def as_script(value: object) -> Markup:
    """A value as JSON for a script element: nothing in it can end the element or open another."""
    text = json_text(value, sort_keys=True, default=str)
    return Markup(text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"))


def _listed_in(trends: Sequence[Row]) -> dict[str, str]:
    """Mission → the years of the editions that list it, as `2016, 2021–2023`: years on end are joined."""
    runs: dict[str, list[list[int]]] = {}
    for row in trends:
        if row["listed"]:
            of_mission, year = runs.setdefault(row["mission_id"], []), row["edition_year"]
            if of_mission and of_mission[-1][-1] == year - 1:
                of_mission[-1].append(year)
            else:
                of_mission.append([year])
    return {
        mission: ", ".join(f"{run[0]}–{run[-1]}" if len(run) > 1 else str(run[0]) for run in of_mission)
        for mission, of_mission in runs.items()
    }


def _by_column(content: Content, year: int) -> dict[str, Row]:
    return {row["column_name"]: row for row in content.of("edition_totals", edition_year=year)}


def _citation(content: Content, words: Mapping[str, Any]) -> dict[str, Any]:
    """The release as schema.org/Dataset; what is not known (an address, a period) is left out."""
    release, whole, editions = content.release, dataset.load(), content.rows["editions"]
    starts = [row["period_start"] for row in editions if row["period_start"]]
    ends = [row["period_end"] for row in editions if row["period_end"]]
    return _known(
        {
            "@context": "https://schema.org/",
            "@type": "Dataset",
            "name": words["title"],
            "description": words["described"],
            "identifier": f"jvom:{release['release_id']}",
            "version": release["release_id"],
            "datePublished": release["published_at"].date().isoformat(),
            "inLanguage": ["nl", "en"],
            "license": whole.licence.address,
            "isAccessibleForFree": True,
            "keywords": [*whole.keywords[words["language"]], *(m["name"] for m in content.missions)],
            "temporalCoverage": f"{min(starts)}/{max(ends)}" if starts and ends else None,
            "isBasedOn": [
                _known(
                    {
                        "@type": "Report",
                        "name": row["title"] or f"{words['edition']} {row['edition_year']}",
                        "inLanguage": "nl",
                        "identifier": row["kamerstuk"],
                        "url": row["source_url"],
                    }
                )
                for row in editions
            ],
            "variableMeasured": [
                {"@type": "PropertyValue", "name": c.name, "description": c.description, "unitText": c.unit}
                for c in schemas.RELATIONS["mission_trends"].columns
                if c.unit
            ],
        }
    )


def _known(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
