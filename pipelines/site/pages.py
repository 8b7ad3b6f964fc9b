"""The pages: which there are, what each is given, and the Jinja environment that escapes it all."""

from __future__ import annotations

import datetime
import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

import schemas
from pipelines.site import charts
from pipelines.site.charts import Drawings
from pipelines.site.content import SEVERITIES, Content, Row
from schemas import dataset
from schemas.vocabulary import FIGURES

if TYPE_CHECKING:
    from jinja2 import Environment

HERE = Path(__file__).parent
LANGUAGES = ("nl", "en")
SECTIONS = ("data", "registry", "public", "trend", "record")
BIGGEST = 10  # changes on the front page


@dataclass(frozen=True)
class Site:
    """All pages of one release."""

    content: Content
    assets: Mapping[str, Sequence[str]]
    drawings: Drawings = field(default_factory=Drawings)

    def pages(self) -> Iterator[tuple[str, str]]:
        """Path and text of every page."""
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
        root = "../" * path.count("/")
        return self._environment.get_template(template).render(
            {
                "content": self.content,
                "release": self.content.release,
                "t": self._words[language],
                "language": language,
                "other": next(other for other in LANGUAGES if other != language),
                "path": path,
                "root": root,
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
        from jinja2 import Environment, FileSystemLoader, StrictUndefined

        environment = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.filters["data"] = as_script
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
            "changes": sorted(changed, key=lambda row: (-abs(row["change"]), row["name"]))[:BIGGEST],
            "findings": self.content.findings(),
            "severities": SEVERITIES,
            "trends": {row["mission_id"]: row for row in trends},
            "totals_chart": charts.of_totals(totals, words, self.drawings) if totals else None,
        }

    def _mission(self, mission: Row, words: Mapping[str, Any]) -> dict[str, Any]:
        of_mission = {"mission_id": mission["mission_id"]}
        trends = self.content.of("mission_trends", **of_mission)
        listed = [row for row in trends if row["listed"]]
        timeline = self.content.of("mission_timeline", **of_mission)
        return {
            "mission": mission,
            "trends": trends,
            "chart": charts.of_mission(mission["name"], listed, words, self.drawings) if listed else None,
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
            "chart": charts.of_edition(edition["edition_year"], trends, words, self.drawings)
            if trends
            else None,
        }

    def _evidence(self, edition: Row) -> dict[str, Any]:
        grouped: dict[tuple[str, str], list[Row]] = {}
        for row in self.content.of("cells", edition_year=edition["edition_year"]):
            grouped.setdefault((row["table_name"], row["row_key"]), []).append(row)
        names = {row["mission_id"]: row["name"] for row in self.content.rows["missions"]}
        return {
            "edition": edition,
            "year": edition["edition_year"],
            "tables": {
                table: [(key, rows) for (of, key), rows in grouped.items() if of == table]
                for table in dict.fromkeys(table for table, _ in grouped)
            },
            "names": names,
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
        """The printed cell of a figure, or the blank inferred for it; None without either."""
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
        """A day in words; empty for None."""
        if value is None:
            return ""
        return f"{value.day} {self.words['months'][value.month - 1]} {value.year}"


def as_script(value: object) -> Markup:
    """A value as JSON for a script element: nothing in it can end the element or open another."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
    return Markup(text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"))


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
