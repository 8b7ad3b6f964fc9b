"""The pages: which there are, what each shows, and the Jinja environment that escapes it all.

A page is made of plain values alone, so that the hash of its values says whether it has to be made again.
"""

import datetime
import hashlib
import io
import json
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cached_property, partial
from operator import itemgetter
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemBytecodeCache, FileSystemLoader, StrictUndefined, Template
from jinja2.bccache import Bucket
from markupsafe import Markup

import schemas
from pipelines import versions
from pipelines.harmless import finalized, json_text, write_csv
from pipelines.site import charts, figures, lineage
from pipelines.site.charts import Chart
from pipelines.site.content import SEVERITIES, Content
from pipelines.site.language import Language, slug
from pipelines.site.world import World
from pipelines.sql import Row
from schemas import dataset, report_day
from schemas.labels import LANGUAGES
from schemas.vocabulary import DEPLOYED, FIGURES, FRAME

HERE = Path(__file__).parent
SECTIONS = ("data", "registry", "public", "trend", "record")
BIGGEST = 8  # changes on the front page
FIRST = 6  # contradictions before the others are folded
TOTALS = (figures.TOTAL, *DEPLOYED)  # of which an edition may give more than one
KEYS = ".pages.json"  # in the folder of the site: file → the hashes of what it shows and of its bytes

Values = dict[str, Any]


@dataclass(frozen=True)
class Page:
    """A page before it is written: its path, its template, and all that it shows.

    What is `late` follows from `values` and costs much: the lines of a document, whose hash they have.
    """

    path: str
    template: str
    values: Values
    late: Values = field(default_factory=dict)  # name → what gives its value, asked for only if it is written


class _Compiled(FileSystemBytecodeCache):
    """Compiled templates, beside the compiled modules; those of other code do not count."""

    def get_source_checksum(self, source: str) -> str:
        return f"{versions.site()} {super().get_source_checksum(source)}"

    def load_bytecode(self, bucket: Bucket) -> None:
        with suppress(Exception):  # it is not there, or damaged: the template is compiled again
            super().load_bytecode(bucket)

    def dump_bytecode(self, bucket: Bucket) -> None:
        if not sys.dont_write_bytecode:
            with suppress(OSError):
                super().dump_bytecode(bucket)


@dataclass
class Site:
    """The site of one release.

    `assets` is the pipeline's graph; `earlier` gives a file of a site that the same code made.
    """

    content: Content
    assets: Mapping[str, Sequence[str]]
    earlier: Callable[[str], bytes | None]

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Every page and every file of a chart; what shows the same as before is not made again."""
        known, keys = _known_keys(self.earlier(KEYS)), {}
        for path, shows, make in self._everything():
            key, (known_key, known_bytes) = _hash(_json(shows)), known.get(path, ("", ""))
            data = self.earlier(path) if key == known_key else None
            if data is None or _hash(data) != known_bytes:  # none, or it was altered since
                data = make().encode()
            keys[path] = [key, _hash(data)]
            yield path, data
        yield KEYS, json.dumps(keys, indent=0, sort_keys=True).encode()

    def _everything(self) -> Iterator[tuple[str, object, Callable[[], str]]]:
        """Each file: its path, what it shows, and what makes it."""
        languages = [Language(code) for code in LANGUAGES]
        words = {language.code: language.t for language in languages}
        yield "index.html", "choose", partial(self._template("choose.html").render, words=words)
        for chart in self._charts.values():
            yield f"data/{chart.name}.csv", chart, partial(_csv, chart)
        for language in languages:
            source = _source(language)
            for chart in self._charts.values():
                path = f"{language.code}/charts/{chart.name}.svg"
                yield path, chart, partial(chart.file, language, source)
            for page in self._pages(language):
                path = f"{language.code}/{page.path}"
                yield path, [page.template, page.values], partial(self._made, page, language)

    def _made(self, page: Page, language: Language) -> str:
        return self._template(page.template).render(
            {
                "t": language.t,
                "say": language,
                "language": language.code,
                "other": language.other,
                "source": _source(language),
                "path": page.path,
                "root": "../" * page.path.count("/"),
                "figure_names": FIGURES,
                **page.values,
                **{name: give() for name, give in page.late.items()},
            }
        )

    def _template(self, name: str) -> Template:
        return self._environment.get_template(name)

    @cached_property
    def _environment(self) -> Environment:
        environment = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            finalize=finalized,
            undefined=StrictUndefined,
            auto_reload=False,
            bytecode_cache=_Compiled(str(HERE / "__pycache__")),
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.filters["data"] = as_script
        environment.filters["slug"] = slug
        environment.globals |= {"anchor": anchor, "FIRST": FIRST}
        return environment

    @cached_property
    def _charts(self) -> dict[str, Chart]:
        """Every chart by its name, drawn once for both languages."""
        content = self.content
        found = [
            charts.of_totals(content),
            *(charts.of_edition(content, year) for year in content.years),
            *(charts.of_mission(content, mission) for mission in content.missions),
            *(charts.of_timeline(content, mission) for mission in content.missions),
            *(charts.of_group(content, *group) for group in self._groups),
            charts.of_map(content, World.load()),
        ]
        return {chart.name: chart for chart in found if chart}

    @cached_property
    def _groups(self) -> list[tuple[str, str]]:
        """Regions and organisations of the missions, each with its kind."""
        missions = self.content.missions
        return [(kind, name) for kind in charts.GROUPS for name in sorted({row[kind] for row in missions})]

    def _pages(self, language: Language) -> Iterator[Page]:
        """Every page of one language."""
        content = self.content
        yield Page("index.html", "front.html", self._front())
        yield Page("missions/index.html", "missions.html", self._missions())
        for mission in content.missions:
            yield Page(f"missions/{mission['mission_id']}.html", "mission.html", self._mission(mission))
        yield Page("editions/index.html", "editions.html", self._editions())
        for edition in content.rows["editions"]:
            year = edition["edition_year"]
            yield Page(f"editions/{year}.html", "edition.html", self._edition(edition))
            late = {"lines": partial(figures.marked, content, year)}
            yield Page(f"evidence/{year}.html", "evidence.html", self._evidence(edition), late)
        yield Page("where.html", "where.html", self._where())
        for kind, name in self._groups:
            yield Page(f"{kind}s/{slug(name)}.html", "group.html", self._group(kind, name))
        yield Page("about.html", "about.html", self._about())
        yield Page("lineage.html", "lineage.html", self._lineage())
        yield Page("dictionary.html", "dictionary.html", self._dictionary())
        yield Page("changes.html", "changes.html", self._changes())
        yield Page("cite.html", "cite.html", self._cite(language))

    def _chart(self, name: str, *years: int) -> Values | None:
        """A chart with what it is cited by: the readings of the editions that it rests on."""
        content, chart = self.content, self._charts.get(name)
        readings = {
            row["edition_year"]: row["vintage"]
            for row in content.rows["editions"]
            if not years or row["edition_year"] in years
        }
        return {"drawing": chart, "readings": readings, "release": content.release} if chart else None

    @cached_property
    def _due(self) -> list[int]:
        """Years whose report is due by the day of the release, and of which none is held."""
        return report_day.late(self.content.years, self.content.today) if self.content.years else []

    def _front(self) -> Values:
        content = self.content
        latest = content.latest
        trends = figures.trends(content, edition_year=latest)
        compared = [row for row in trends if row["change"].value is not None]
        previous = compared[0]["previous_edition_year"] if compared else None
        earlier = figures.trends(content, edition_year=previous, listed=True)
        before = {row["mission_id"]: row["sent"] for row in earlier}
        changed = [{**row, "by": row["change"]} for row in compared if row["change"].value]
        for row in trends if compared else ():
            was = before.get(row["mission_id"])
            if row["status"] == "no_longer_listed" and was and was.value:
                changed.append({**row, "by": figures.Figure(-was.value, was.link)})
            elif row["status"] != "continued" and row["sent"].value and not was:
                changed.append({**row, "by": row["sent"]})
        changed.sort(key=lambda row: (-abs(row["by"].value), row["name"]))
        first = next((row for row in trends if row["rank_in_edition"] == 1), None)
        return {
            **self._held(),
            "release": content.release,
            "latest": latest,
            "edition": content.of("editions", edition_year=latest)[0] if latest else None,
            "first": first,
            "listed": sum(row["listed"] for row in trends),
            "totals": self._total(latest),
            "summed": figures.summed(content, latest),
            "left_out": _left_out(trends, DEPLOYED),
            "chart": self._chart(f"edition-{latest}", latest or 0),
            "years_chart": self._chart("totals") if len(content.years) > 1 else None,
            "differ": [y for y in content.years if (self._total(y) or {}).get("why") == "differ"],
            "changes": changed[:BIGGEST],
            "previous": previous,
            "comparable": all(row["comparable"] for row in compared),
            "left": [row for row in trends if row["status"] == "no_longer_listed"],
            "findings": self._findings(edition_year=latest)[:FIRST],
            "severities": self._counted(edition_year=latest),
        }

    def _total(self, year: int | None, of: str = figures.TOTAL) -> Values | None:
        """Which total of an edition to quote, with the contradictions that leave it open."""
        totals = figures.totals(self.content, year, of)
        return totals and {**totals, "causes": [self._finding(row) for row in totals["causes"]]}

    def _held(self) -> Values:
        content = self.content
        return {
            "years": content.years,
            "missing": [year for year in content.axis if year not in content.years],
            "due": [year for year in self._due if not content.axis or year > content.axis[-1]],
            "abridged": content.abridged,
        }

    def _missions(self) -> Values:
        content = self.content
        latest = content.latest
        listed = figures.listed_in(content)
        newest = {row["mission_id"] for row in content.of("mission_trends", edition_year=latest, listed=True)}
        spellings: dict[str, list[str]] = {}
        for row in content.rows["mission_spellings"]:
            spellings.setdefault(row["mission_id"], []).append(row["spelling"])
        rows = [
            {
                **_of(mission, "mission_id", "name", "full_name", "organisation", "region", "countries"),
                "seas": mission.get("seas"),
                "listed": listed.get(mission["mission_id"], ""),
                "last": figures.last(content, mission["mission_id"]),
                "also": spellings.get(mission["mission_id"], []),
            }
            for mission in content.missions
        ]
        rows.sort(key=_most_first)
        return {
            "latest": latest,
            "groups": [
                ("now", [row for row in rows if row["mission_id"] in newest]),
                ("before", [row for row in rows if row["mission_id"] not in newest and row["last"]]),
                ("others", [row for row in rows if not row["last"]]),
            ],
            "endings": [figures.said_at(content, row) for row in reversed(content.rows["mission_endings"])],
        }

    def _mission(self, mission: Row) -> Values:
        content, one = self.content, {"mission_id": mission["mission_id"]}
        trends = figures.trends(content, **one)
        listed = [row for row in trends if row["listed"]]
        years = [row["edition_year"] for row in listed]
        newest = _of(listed[-1], "edition_year", "rank_in_edition") if listed else {}
        names = content.names
        return {
            "mission": mission,
            "latest": content.latest,
            "trends": trends,
            "chart": self._chart(f"mission-{mission['mission_id']}", *years),
            "timeline": [*self._included(mission["mission_id"]), *content.of("mission_timeline", **one)],
            "timeline_chart": self._chart(f"timeline-{mission['mission_id']}", *years),
            "mandates": [self._mandate(row) for row in content.of("mandates", **one)],
            "findings": self._findings(**one),
            "events": [figures.said_at(content, row) for row in content.of("mission_events", **one)],
            "overlaps": figures.overlaps(content, [mission["mission_id"]], both=False),
            "abridged": [year for year in content.abridged if year in years],
            "tied": bool(newest) and len(content.of("mission_trends", **newest)) > 1,
            "endings": [figures.said_at(content, row) for row in content.of("mission_endings", **one)],
            "spellings": content.of("mission_spellings", **one),
            "relations": [
                {**row, "name": names.get(row["other_mission_id"])}
                for row in content.of("mission_relations", **one)
            ],
            "pages": {row["mission_id"] for row in content.missions} & {*names},
        }

    def _included(self, mission: str) -> Iterator[Row]:
        """What is counted of the missions that its row includes, each named as a part of it."""
        for one in self.content.of("mission_relations", mission_id=mission):
            for row in self.content.of("mission_timeline", mission_id=one["other_mission_id"]):
                if one["relation"] == "includes" and not row["basis"].startswith("annex "):
                    yield {**row, "part": "; ".join(filter(None, (row["name"], row["part"])))}

    def _editions(self) -> Values:
        content = self.content
        return {
            **self._held(),
            "editions": [
                {
                    **row,
                    "listed": len(content.of("personnel", edition_year=row["edition_year"])),
                    "totals": figures.totals(content, row["edition_year"]),
                    # What is only odd, such as another name than in the edition before, contradicts nothing.
                    "findings": sum(
                        found["severity"] != "info"
                        for found in content.of("findings", edition_year=row["edition_year"])
                    ),
                }
                for row in reversed(content.rows["editions"])
            ],
            "chart": self._chart("totals"),
            "report_days": {year: report_day.report_day(year) for year in self._due},
        }

    def _edition(self, edition: Row) -> Values:
        content, year = self.content, edition["edition_year"]
        trends = [row for row in figures.trends(content, edition_year=year) if row["listed"]]
        return {
            "edition": edition,
            "year": year,
            "personnel": figures.printed_rows(content, year),
            "printed_totals": figures.printed_totals(content, year),
            "sums": figures.sums(content, year),
            "totals": [one for of in TOTALS if (one := self._total(year, of))],
            "mandates": [self._mandate(row) for row in content.of("mandates", edition_year=year)],
            "footnotes": [
                {**row, "at": figures.place(content, year, row["source_page"], row["source_line"])}
                for row in content.of("footnotes", edition_year=year)
            ],
            "findings": self._findings(edition_year=year),
            "severities": self._counted(edition_year=year),
            "corrections": content.of("corrections", edition_year=year),
            "overlaps": content.of("may_overlap", edition_year=year),
            "unread": len(content.of("unread_sentences", edition_year=year)),
            "names": content.names,
            "left_out": _left_out(trends, DEPLOYED),
            "frames_left_out": _left_out(trends, FRAME),
            "chart": self._chart(f"edition-{year}", year),
            "vintages": len(content.of("vintages", edition_year=year)),
        }

    def _mandate(self, row: Row) -> Values:
        cells = ("legal_basis", "international_mandate_as_printed", "national_frame_as_printed")
        year, mission = row["edition_year"], row["mission_id"]
        return {
            **_of(row, "edition_year", "mission_id", "mission_as_printed"),
            "cells": [figures.words(self.content, year, mission, name, row[name]) for name in cells],
        }

    def _findings(self, **equal: object) -> list[Values]:
        """Findings with the cell that each side leads to, and the name that its sentence needs."""
        return [self._finding(row) for row in self.content.findings(**equal)]

    def _finding(self, row: Row) -> Values:
        sides = [row[side] or {} for side in ("side_a", "side_b")]
        return {
            "row": row,
            "links": [figures.side_link(self.content, row, side) for side in ("side_a", "side_b")],
            "at": [
                figures.place(self.content, row["edition_year"], side.get("page"), side.get("line"))
                for side in sides
            ],
            "names": self._named(row["mission_id"]),
        }

    def _named(self, mission_id: str | None) -> dict[str, str]:
        name = self.content.names.get(mission_id or "")
        return {mission_id: name} if mission_id and name else {}

    def _counted(self, **equal: object) -> dict[str, int]:
        found = [row["severity"] for row in self.content.of("findings", **equal)]
        return {severity: found.count(severity) for severity in SEVERITIES if severity in found}

    def _evidence(self, edition: Row) -> Values:
        content, year = self.content, edition["edition_year"]
        tables: dict[str, dict[str, list[Row]]] = {}
        place = {table: at for at, table in enumerate((*figures.MARKED, ""))}
        columns = {name: at for at, name in enumerate((*FIGURES, *schemas.RELATIONS["mandates"].names))}
        cells = sorted(
            content.of("cells", edition_year=year),
            key=lambda row: (place.get(row["table_name"], len(place)), columns.get(row["column_name"], -1)),
        )
        for row in cells:
            at = figures.place(content, year, row["source_page"], row["source_line"])
            tables.setdefault(row["table_name"], {}).setdefault(row["row_key"], []).append({**row, "at": at})
        return {
            "edition": edition,
            "year": year,
            "tables": {table: list(rows.items()) for table, rows in tables.items()},
            "computed": figures.computed(content, year),
            "names": {
                key: content.names[key] for of in tables.values() for key in of if key in content.names
            },
            "stated": [figures.said_at(content, row) for row in figures.stated_totals(content, year)],
            "text_lines": [
                figures.place(content, year, page, line) for page, line in figures.text_lines(content, year)
            ],
            "record": content.of("vintages", edition_year=year),
        }

    def _where(self) -> Values:
        content = self.content
        latest = content.latest
        missions = [row for row in figures.trends(content, edition_year=latest) if row["listed"]]
        there: dict[str, list[Values]] = {}
        rows = content.of("personnel", edition_year=latest)
        printed = {row["mission_id"]: row["country_as_printed"] for row in rows}
        registry = defaultdict[str, list[str]](list)
        registry |= {row["mission_id"]: row["countries"] or [] for row in content.missions}
        for row in missions:
            for country in registry[row["mission_id"]]:
                there.setdefault(country, []).append(_of(row, "mission_id", "name"))
        return {
            "latest": latest,
            "map": self._chart("map", latest or 0),
            "countries": there,
            "off_map": [country for country in there if not World.load().outline(country)],
            "elsewhere": [row for row in missions if not registry[row["mission_id"]]],
            "printed": printed,
            "named": [row for row in missions if registry[row["mission_id"]] and printed[row["mission_id"]]],
            "groups": {
                kind: sorted(
                    (
                        {
                            "name": name,
                            "overlaps": [
                                row
                                for row in figures.overlaps(content, self._in_group(of, name), both=True)
                                if latest in row["years"]
                            ],
                            **figures.group(content, of, name, latest),
                        }
                        for of, name in self._groups
                        if of == kind
                    ),
                    key=lambda row: -(row["sent"].value or 0),
                )
                for kind in charts.GROUPS
            },
        }

    def _in_group(self, kind: str, name: str) -> list[str]:
        return [row["mission_id"] for row in self.content.missions if row[kind] == name]

    def _group(self, kind: str, name: str) -> Values:
        content = self.content
        latest = content.latest
        last = [
            {**_of(row, "mission_id", "name"), "last": figures.last(content, row["mission_id"])}
            for row in content.missions
            if row[kind] == name
        ]
        last.sort(key=_most_first)
        return {
            "kind": kind,
            "name": name,
            "latest": latest,
            "chart": self._chart(f"{kind}-{slug(name)}"),
            "overlaps": figures.overlaps(content, self._in_group(kind, name), both=True),
            "rows": [figures.group(content, kind, name, year) for year in reversed(content.years)],
            "missions": [row for row in last if row["last"] and row["last"]["edition_year"] == latest],
            "others": [row for row in last if not row["last"] or row["last"]["edition_year"] != latest],
        }

    def _about(self) -> Values:
        content = self.content
        latest = content.latest
        return {**self._held(), "latest": latest, "totals": self._total(latest)}

    def _lineage(self) -> Values:
        views = self.content.lineage
        return {
            "graph": lineage.graph(self.assets),
            "sources": {
                name: sorted({relation for found in columns.values() for relation, _ in found})
                for name, columns in views.items()
            },
            "known": {name: [*columns] for name, columns in views.items()},
            "stages": [
                (stage, {one["name"]: views.get(one["name"], {}) for one in of}) for stage, of in _by_stage()
            ],
        }

    def _dictionary(self) -> Values:
        return {
            "sections": _by_stage(),
            "vintages": [*schemas.VINTAGE_TABLES],
            "sources": self.content.lineage,
            "schema": dict(self.content.schema),
        }

    def _changes(self) -> Values:
        content = self.content

        def revisions(row: Row) -> list[Values]:
            found = content.of("revisions", **_of(row, "edition_year", "vintage"))
            told = [change for change in found if change["column_name"] != "withdrawn"]  # by the cause
            return [{**change, "names": self._named(change["row_key"])} for change in told]

        before = content.rows["releases"][-2] if len(content.rows["releases"]) > 1 else None
        newest = sorted(content.rows["vintages"], key=itemgetter("recorded_at"), reverse=True)
        return {
            "years": content.years,
            "vintages": [{**row, "revisions": revisions(row)} for row in newest],
            "before": before,
            "since": sorted({*content.release["vintages"].items()} - {*before["vintages"].items()})
            if before
            else [],
            "release": content.release,
        }

    def _cite(self, language: Language) -> Values:
        return {"dataset": _citation(self.content, language), "release": self.content.release}


def _left_out(trends: Sequence[Values], columns: Sequence[str]) -> list[str]:
    """Missions of which one of these figures is not exact."""
    return [row["name"] for row in trends if {*columns} & {*row["left_out"]}]


def _source(language: Language) -> str:
    return str(language.t["chart_source"].format(site=language.t["title"]))


def as_script(value: object) -> Markup:
    """A value as JSON for a script element: nothing in it can end the element or open another."""
    text = json_text(value, sort_keys=True, default=str)
    return Markup(text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"))


def anchor(relation: str, column: str) -> str:
    """Where the dictionary describes a column; those of every vintage are with the table in their name."""
    table = relation.removesuffix("_vintages") if relation in schemas.VINTAGE_TABLES else relation
    return f"{table}.{column}" if column in schemas.RELATIONS[table].names else "vintages-of"


def _by_stage() -> list[tuple[str, list[Values]]]:
    """What the dictionary says of each relation, by stage."""
    contracts = [c for name, c in schemas.RELATIONS.items() if name not in schemas.VINTAGE_TABLES]
    column = ("name", "sql_type", "unit", "nullable", "printed", "description")
    shown = {
        c.name: {
            **{name: getattr(c, name) for name in ("name", "description", "row", "key")},
            "columns": [{name: getattr(one, name) for name in column} for one in c.columns],
        }
        for c in contracts
    }
    return [(stage, [shown[c.name] for c in contracts if c.stage == stage]) for stage in SECTIONS]


def _most_first(row: Values) -> int:
    return -((row["last"] and row["last"]["sent"].value) or 0)


def _known_keys(data: bytes | None) -> dict[str, tuple[str, str]]:
    try:
        return {path: (key, of) for path, (key, of) in json.loads(data or b"{}").items()}
    except (AttributeError, TypeError, ValueError):
        return {}


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _json(shows: object) -> bytes:
    return json.dumps(shows, default=_plain, sort_keys=True).encode()


def _plain(value: object) -> object:
    """What a page shows as JSON would have it; the same for the same values, in every process."""
    if isinstance(value, set | frozenset):
        return sorted(value)
    if is_dataclass(value):
        return {part.name: getattr(value, part.name) for part in fields(value)}
    if isinstance(value, datetime.date):
        return value.isoformat()
    raise TypeError(f"{type(value)} is nothing that a page shows")


def _of(row: Row, *names: str) -> Values:
    return {name: row[name] for name in names}


def _csv(chart: Chart) -> str:
    stream = io.StringIO()
    write_csv(stream, chart.asked.columns, (row.values() for row in chart.asked.rows))
    return stream.getvalue()


def _citation(content: Content, language: Language) -> Values:
    """The release as schema.org/Dataset; what is not known (an address, a period) is left out."""
    release, whole, editions, t = content.release, dataset.load(), content.rows["editions"], language.t
    starts = [row["period_start"] for row in editions if row["period_start"]]
    ends = [row["period_end"] for row in editions if row["period_end"]]
    return _known(
        {
            "@context": "https://schema.org/",
            "@type": "Dataset",
            "name": t["title"],
            "description": t["described"],
            "identifier": f"jvom:{release['release_id']}",
            "version": release["release_id"],
            "datePublished": release["published_at"].date().isoformat(),
            "inLanguage": ["nl", "en"],
            "license": whole.licence.address,
            "isAccessibleForFree": True,
            "keywords": [*whole.keywords[language.code], *(m["name"] for m in content.missions)],
            "temporalCoverage": f"{min(starts)}/{max(ends)}" if starts and ends else None,
            "isBasedOn": [
                _known(
                    {
                        "@type": "Report",
                        "name": row["title"] or f"{t['edition']} {row['edition_year']}",
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


def _known(values: Values) -> Values:
    return {name: value for name, value in values.items() if value is not None}
