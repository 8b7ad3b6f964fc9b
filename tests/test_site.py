"""The site as files: what the charts hold is what the views say, and what a document says stays text."""

import csv
import datetime
import json
import posixpath
import re
import threading
import tomllib
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

import duckdb
import pytest

import schemas
from pipelines import files, settings, site, sql, versions
from pipelines.publish import published
from pipelines.reconcile import RULES
from pipelines.site import pages
from pipelines.site.language import Language
from schemas import labels, registry
from schemas.vocabulary import DEPLOYED, FRAME
from tests.support import ROOT, ten_editions
from tests.support.building import FIGURES, base_tables, edition_tables, publish
from tests.support.cases import cases

HOSTILE = '</script><script>alert("planted")</script><u>&amp;'
ASSETS = {"source": [], "document": ["source"], "published": ["document"], "site": ["published"]}


class Page(HTMLParser):
    """What a test wants of a page: ids, links, tags, its JSON and queries, and the marks of its charts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self.json: list[Any] = []
        self.queries: list[str] = []
        self.marks: dict[str, list[Mark]] = {}  # chart → its marks
        self.text = ""
        self._in = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        self.ids += [given["id"]] if given.get("id") else []
        self.links += [v for k, v in attrs if k in ("href", "src") and v]
        self._in = "json" if "json" in given.get("type", "") else tag
        if given.get("class") == "chart":
            self.marks[given["aria-labelledby"].removesuffix("-title")] = []
        elif "data-value" in given and tag in ("rect", "circle"):
            self.marks[[*self.marks][-1]].append(
                Mark(given["class"], int(given["data-value"]), given.get("width", "")[:-1])
            )

    def handle_data(self, data: str) -> None:
        self.text += data
        self.json += [json.loads(data)] if self._in == "json" else []
        self.queries += [data] if self._in == "code" and data.startswith("SELECT") else []
        self._in = ""


class Mark(NamedTuple):
    """One mark of a chart: of which kind, of how many persons, how wide in percent."""

    kind: str
    persons: int
    width: str


def drawn(page: Page, chart: str, *kinds: str) -> list[tuple[str, int]]:
    """Kind and persons of the marks of a chart, sorted."""
    return sorted((m.kind, m.persons) for m in page.marks[chart] if not kinds or m.kind in kinds)


@pytest.fixture(scope="module")
def folder(built: Path) -> Path:
    """The site as `jvom build` wrote it."""
    return built / "site"


@pytest.fixture(scope="module")
def parsed(folder: Path) -> dict[str, Page]:
    """Every page of the site, by its path."""
    return {
        path.relative_to(folder).as_posix(): Page(path.read_text(encoding="utf-8"))
        for path in sorted(folder.rglob("*.html"))
    }


@pytest.fixture(scope="module")
def file(built: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with published.connect(built / "jvom.duckdb") as connection:
        yield connection


def test_both_languages_have_the_same_pages(parsed: dict[str, Page]) -> None:
    trees = [{p.partition("/")[2] for p in parsed if p.startswith(f"{tree}/")} for tree in pages.LANGUAGES]
    assert trees[0] == trees[1]
    assert len(trees[0]) > 20


def test_every_phrase_is_there_in_both_languages_with_the_same_gaps() -> None:
    """And each rule has a sentence, each kind of figure a name."""

    def phrases(part: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        for key, value in part.items():
            yield from phrases(value) if isinstance(value, dict) else [(key, value)]

    words = {**tomllib.loads((pages.HERE / "words.toml").read_text(encoding="utf-8")), **labels.load()}
    for key, pair in phrases(words):
        assert len(pair) == 2, key
        if isinstance(pair[0], str):
            assert all(pair), key
            gaps = [sorted(re.findall(r"{\w+}", phrase)) for phrase in pair]
            assert gaps[0] == gaps[1], key
    assert {rule.name for rule in RULES} <= {key.partition(" ")[0] for key in words["rules"]}
    assert {*FIGURES} <= {*words["columns"]}
    for name, relation, column in (
        *(("bases", "mission_timeline", "basis"), ("qualifiers", "figures_left_out", "qualifier")),
        *(("event_kinds", "mission_events", "event"), ("causes_said", "vintages", "cause")),
        *(("causes", "vintages", "cause"), ("statuses", "mission_trends", "status")),
        *(("severities", "findings", "severity"), ("organisations", "missions", "organisation")),
        *(("fidelities", "editions", "source_fidelity"), ("relations", "mission_relations", "relation")),
    ):
        codes = next(one for one in schemas.RELATIONS[relation].columns if one.name == column).one_of
        assert {*codes} <= {*words[name]}, name
    assert {mission.region for mission in registry.load().missions} <= {*words["regions"]}


def test_every_link_leads_somewhere(folder: Path, parsed: dict[str, Page]) -> None:
    check_links(parsed, {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()})


def check_links(parsed: Mapping[str, Page], there: Collection[str]) -> None:
    """No link of a page is dead, and no place on it has two names."""
    for path, page in parsed.items():
        assert len(page.ids) == len(set(page.ids)), path
        for link in page.links:
            if link.startswith(("https://", "http://")):
                continue
            target, _, anchor = link.partition("#")
            found = posixpath.normpath(posixpath.join(posixpath.dirname(path), target)) if target else path
            assert found in there, (path, link)
            if anchor:
                assert anchor in parsed[found].ids, (path, link)


@pytest.fixture(scope="module")
def ten(tmp_path_factory: pytest.TempPathFactory) -> tuple[Mapping[str, bytes], Path]:
    """The site of ten editions, and its published file."""
    path = publish(tmp_path_factory.mktemp("ten") / "jvom.duckdb", ten_editions.tables())
    with published.connect(path) as connection:
        return site.build(connection, assets=ASSETS), path


@pytest.fixture(scope="module")
def ten_parsed(ten: tuple[Mapping[str, bytes], Path]) -> dict[str, Page]:
    return {name: Page(data.decode()) for name, data in ten[0].items() if name.endswith(".html")}


def test_the_data_of_a_chart_are_what_its_query_gives(
    ten: tuple[Mapping[str, bytes], Path], ten_parsed: dict[str, Page]
) -> None:
    """On every page that shows it, number by number; its drawing is there as a file too, without links."""
    files, path = ten
    seen = set()
    with published.connect(path) as connection:
        rows_of = cache(lambda query: sql.rows(connection, query))  # of both languages
        for name, page in ten_parsed.items():
            assert len(page.queries) == len(page.marks), name
            for chart, query in zip(page.marks, page.queries, strict=True):
                found = rows_of(query)
                header, *rows = csv.reader(files[f"data/{chart}.csv"].decode().splitlines())
                assert [[*row] for row in found][:1] == [header][: len(found)], chart
                assert [[_as_csv(value) for value in row.values()] for row in found] == rows, chart
                assert drawn(page, chart) == sorted(_marks(chart, found)), (name, chart)
                shared = files[f"{name.split('/')[0]}/charts/{chart}.svg"].decode()
                assert "<a " not in shared
                assert ElementTree.fromstring(shared).tag.endswith("svg")
                assert drawn(page, chart) == drawn(
                    Page(f'<figure class="chart" aria-labelledby="{chart}-title">{shared}'), chart
                )
                seen.add(chart)
    assert {f"data/{chart}.csv" for chart in seen} == {name for name in files if name.startswith("data/")}


def _marks(chart: str, rows: list[dict[str, Any]]) -> Iterator[tuple[str, int]]:
    """What a chart has to draw of its rows: of each kind, and how many persons."""
    kind = chart.partition("-")[0]
    if kind == "timeline":
        for row in rows:
            measure = "frame" if row["basis"].endswith("frame") else "headcount"
            dated = row["period_start"] or row["period_end"]
            if dated and row["total"] is not None and not row["basis"].endswith("deployed"):
                yield f"{measure} part" if row["part"] else measure, row["total"]
        return
    if kind == "totals":
        by_year: dict[int, dict[str, Any]] = {}
        for row in rows:
            of_year = by_year.setdefault(row["edition_year"], {"left_out": []})
            of_year[row["column_name"]] = row["sum_of_rows"]
            if row["missions_left_out"] and row["column_name"] in FRAME:
                of_year["left_out"].append(row["column_name"])
        rows = [*by_year.values()]
    for row in rows if kind != "map" else ():
        left_out = {*(row.get("left_out") or ())}
        if kind in ("region", "organisation") and row["missions_left_out"] > row["sent_left_out"]:
            left_out = {*FRAME}
        frames = [row[name] for name in FRAME if row[name] is not None]
        if frames and not left_out & {*FRAME}:
            yield "frame", sum(frames)
        yield from (
            (name, row[name]) for name in DEPLOYED if row[name] is not None and not left_out & {*DEPLOYED}
        )


def _as_csv(value: object) -> str:
    if isinstance(value, bool | list):
        return json.dumps(value)
    return "" if value is None else str(value)


def test_a_mark_is_as_long_as_its_number(parsed: dict[str, Page]) -> None:
    bars = [mark for mark in parsed["nl/index.html"].marks["edition-2024"] if mark.kind != "frame"]
    longest = max(bars, key=lambda mark: mark.persons)
    assert longest.persons == 1790
    for mark in bars:
        assert float(mark.width) / float(longest.width) == pytest.approx(
            mark.persons / longest.persons, abs=1e-4
        )


def test_a_frame_without_a_beginning_or_end_is_open(ten: tuple[Mapping[str, bytes], Path]) -> None:
    """Dots from the day that is known, and a note that says so; never a line that ends where it begins."""
    text = ten[0]["en/missions/minusma.html"].decode()
    timeline = text[text.index("timeline-minusma-title") :]
    drawing = timeline[timeline.index("<svg") : timeline.index("</svg>")]
    assert drawing.count('class="open"') == 2
    assert "Dots: the beginning or end of that frame is not known." in timeline
    widths = re.findall(r'class="frame(?: part)?" x="[\d.]+%" y="[\d.]+" width="([\d.]+)%"', drawing)
    assert min(map(float, widths)) > 1


def test_a_mission_shows_the_head_counts_of_those_that_its_row_includes(folder: Path) -> None:
    text = (folder / "en/missions/anti-isis-irak.html").read_text(encoding="utf-8")
    assert text.count("force protection company") == 3


def test_every_figure_leads_to_its_cell(parsed: dict[str, Page], file: duckdb.DuckDBPyConnection) -> None:
    cells = sql.rows(file, "FROM cells")
    anchors = {f"{c['table_name']}.{c['row_key']}.{c['column_name']}" for c in cells}
    for tree in pages.LANGUAGES:
        assert anchors <= set(parsed[f"{tree}/evidence/2024.html"].ids)
        links = parsed[f"{tree}/missions/anti-isis-irak.html"].links
        for name in FIGURES:
            assert f"../evidence/2024.html#personnel.anti-isis-irak.{name}" in links
        for name in ("computed", "share_of_total"):  # what is computed leads to what it is computed from
            assert f"../evidence/2024.html#{name}.anti-isis-irak" in links


def test_the_printed_line_is_shown_with_the_figure_marked(folder: Path) -> None:
    """Each figure of annex 2, in the line that the document has."""
    text = (folder / "en/evidence/2024.html").read_text(encoding="utf-8")
    at = text.index('id="personnel.anti-isis-irak.deployed_total"')
    (line,) = re.findall(r'<code class="line" lang="nl">(.*?)</code>', text[at : text.index("</li>", at)])
    assert re.fullmatch(r"[^<]*<mark>734</mark>[^<]*", line)
    document = (ROOT / "raw/2024/jvom-2024.txt").read_text(encoding="utf-8").splitlines()
    assert line.replace("<mark>", "").replace("</mark>", "") in document
    assert text.count("<mark>") > 100


def test_printed_and_computed_stand_side_by_side(parsed: dict[str, Page]) -> None:
    edition, front = (parsed[f"en/{page}.html"].text for page in ("editions/2024", "index"))
    for text in (edition, front):
        assert "3,473" in text  # as printed
        assert "3,483" in text  # military plus civil/police
        assert "3473" not in text  # a number is written one way on one page
    assert "3 + 2" in parsed["en/evidence/2024.html"].text


def test_what_is_only_odd_is_counted_as_no_contradiction(
    parsed: dict[str, Page], file: duckdb.DuckDBPyConnection
) -> None:
    query = "SELECT count(*) FILTER (severity <> 'info') AS counted, count(*) AS found FROM findings"
    ((counted, found),) = file.execute(query).fetchall()
    assert f"contradictions: {counted};" in parsed["en/editions/index.html"].text
    assert counted < found


def test_what_a_reader_sees_first_is_made_from_the_data(parsed: dict[str, Page]) -> None:
    dutch, english = (" ".join(parsed[f"{tree}/index.html"].text.split()) for tree in pages.LANGUAGES)
    assert "wie Nederland uitzond, ging naar de NAVO-oostflank: 1.790 van de 3.483." in dutch
    assert "whom the Netherlands sent went to the NATO eastern flank: 1,790 of 3,483." in english
    assert "May 2023 to April 2024" in english
    assert "abridged" in english
    cause = (
        "but the total of its row is printed as 734. annex 2, printed page 20; text file: page 17, line 1602"
    )
    assert "Quote 3,473 or 3,483, and say" in english
    assert cause in english
    assert "Geen site van de overheid" in dutch


def test_findings_are_sentences_of_the_language_of_the_page(
    parsed: dict[str, Page], file: duckdb.DuckDBPyConnection
) -> None:
    """No column and no date as a computer writes it, and the mission named."""
    rows = sql.rows(file, "FROM findings")
    names = dict(file.execute("SELECT mission_id, name FROM missions").fetchall())
    for code in pages.LANGUAGES:
        shown = " ".join(parsed[f"{code}/editions/2024.html"].text.split())
        for row in rows:
            said = Language(code).finding(row, names)
            sentence = said.striptags()
            assert sentence in shown
            assert not re.search(r"[a-z]_[a-z]|\d{4}-\d\d|{|}", sentence), sentence
            assert Language(code).named(names.get(row["mission_id"], ""))[0] in sentence
        assert (
            "../evidence/2024.html#personnel.anti-isis-irak.deployed_total"
            in parsed[f"{code}/editions/2024.html"].links
        )
    assert "tellen op tot 32" in Language("nl").finding(
        next(row for row in rows if row["rule"] == "column_total"), names
    )


def test_missions_that_may_count_the_same_people_are_said_wherever_they_are_added(
    parsed: dict[str, Page],
) -> None:
    said = "Reis Indo-Pacific en CMF kunnen dezelfde mensen tellen"
    for path in ("where", "regions/midden-oosten", "missions/cmf", "missions/reis-indo-pacific"):
        page = parsed[f"nl/{path}.html"]
        assert said in page.text, path
        assert any(link.endswith("editions/2024.html#overlaps") for link in page.links), path
    assert said not in parsed["nl/regions/europa.html"].text


def test_words_of_an_abridged_text_are_never_called_those_of_the_report(parsed: dict[str, Page]) -> None:
    for path in ("missions/index", "missions/undof"):
        assert (
            "Why the contribution ended, in the words of an abridged text of the report:"
            in parsed[f"en/{path}.html"].text
        )
    assert not any("in the words of the report:" in page.text for page in parsed.values())
    assert "running text is in other words" in parsed["en/evidence/2024.html"].text


def test_the_dataset_is_described_to_search_engines(parsed: dict[str, Page]) -> None:
    (described,) = parsed["nl/cite.html"].json
    assert (described["@type"], described["inLanguage"]) == ("Dataset", ["nl", "en"])
    assert described["temporalCoverage"] == "2023-05-01/2024-04-30"
    assert "publicdomain/zero" in described["license"]


def test_nothing_is_fetched_from_elsewhere(parsed: dict[str, Page], folder: Path) -> None:
    for path in parsed:
        text = (folder / path).read_text(encoding="utf-8")
        assert not re.search(r'(src|<link[^>]* href)="(https?:)?//', text), path
    style = (folder / "assets/style.css").read_text(encoding="utf-8")
    assert "url(" not in style
    assert "@import" not in style


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A site of two editions in which every word that a document can say is hostile."""
    first, second = (
        edition_tables(
            year,
            [
                {"mission_id": "unifil", "mission_as_printed": HOSTILE, "deployed_military": year - 2020},
                {"mission_id": "undof", "deployed_military": 7},
            ][: year - 2022],
            mandates=[{"mission_id": "unifil", "legal_basis": HOSTILE}],
            footnotes=[HOSTILE],
        )
        for year in (2023, 2024)
    )
    unifil = {"mission_id": "unifil"}
    finding = {"edition_year": 2024, **unifil, "message": HOSTILE}
    event = {"edition_year": 2024, **unifil, "event": "mission ended", "reason_as_printed": HOSTILE}
    month = {"date": datetime.date(2023, 8, 1), "date_from": datetime.date(2023, 8, 1)}
    event |= month | {"date_to": datetime.date(2023, 8, 31), "precision": "month"}
    stated = [
        {
            **{"edition_year": 2024, "statement_id": "whole", "quantity": "deployed_total", "value": 12},
            "pattern": "total of the edition",
        }
    ]
    figures = [
        {**unifil, "period_start": datetime.date(year, 1, 1), "military": year - 1900, "note": HOSTILE}
        | {"source_url": "javascript:alert(1)"}
        for year in range(1980, 1985)
    ]
    base = base_tables(
        first,
        second,
        missions=[{**unifil, "name": HOSTILE, "full_name": HOSTILE}],
        found={"findings": [finding], "mission_events": [event], "statements": stated},
        observations=figures,
    )
    with published.connect(publish(tmp_path_factory.mktemp("planted") / "jvom.duckdb", base)) as connection:
        return site.build(connection, assets=ASSETS)


def test_hostile_words_show_as_text(planted: dict[str, bytes]) -> None:
    shown = 0
    for path, data in planted.items():
        if not path.endswith(".html"):
            continue
        text = data.decode()
        assert "<script>alert" not in text, path
        page = Page(text)
        assert "u" not in page.tags, path
        shown += HOSTILE in page.text
    assert shown > 4


def test_changes_between_editions_are_listed(planted: dict[str, bytes]) -> None:
    front = Page(planted["en/index.html"].decode())
    assert "+1" in front.text
    assert "evidence/2024.html#change.unifil" in front.links
    bars = drawn(Page(planted["en/missions/unifil.html"].decode()), "mission-unifil")
    assert bars == [("deployed_military", 3), ("deployed_military", 4)]


@cases("year", "said")
def test_which_total_to_quote_is_said_with_why_and_where(
    planted: dict[str, bytes], year: int, said: str
) -> None:
    """As headline_totals has it: that of the annex, and that of the running text, each with its place."""
    edition = Page(planted[f"nl/editions/{year}.html"].decode())
    assert said in " ".join(edition.text.split())
    assert f"../evidence/{year}.html#computed.sum" in edition.links
    for path in ("nl/index.html", "nl/about.html", "nl/editions/index.html"):
        assert {"11", "12"} <= {*re.findall(r"\d+", Page(planted[path].decode()).text)}, path
    assert ("../evidence/2024.html#statement.whole" in edition.links) == (year == 2024)


def test_when_and_why_a_mission_ended_leads_to_its_line(planted: dict[str, bytes]) -> None:
    """On the page of the mission and in the list of missions; never as a day that no report gives."""
    for path in ("en/missions/unifil.html", "en/missions/index.html"):
        page = Page(planted[path].decode())
        assert (
            "The mission itself ended in August 2023. Why the mission ended, in the words of the report:"
            in " ".join(page.text.split())
        )
        (link,) = {link for link in page.links if "#line." in link}
        assert posixpath.normpath(f"en/missions/{link.partition('#')[0]}") == "en/evidence/2024.html"


def test_findings_events_and_figures_of_other_sources_are_shown(planted: dict[str, bytes]) -> None:
    mission = Page(planted["en/missions/unifil.html"].decode())
    assert "mission ended" in mission.text
    assert "../evidence/2024.html#personnel.unifil.deployed_total" in mission.links
    assert "../evidence/2024.html#computed.unifil" in mission.links
    assert not any(link.startswith("javascript:") for link in mission.links)
    assert drawn(mission, "timeline-unifil", "headcount") == [("headcount", n) for n in range(80, 85)]
    for path in ("en/missions/unifil.html", "nl/editions/2024.html", "nl/index.html"):
        assert HOSTILE in Page(planted[path].decode()).text


@pytest.fixture(scope="module")
def sparse(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """2019, 2021 without totals and mandates but with figures that are not exact, and 2022."""

    def of(year: int, untso: dict[str, Any]) -> Mapping[str, Any]:
        rows = [{"mission_id": "unifil", "deployed_military": year - 2015}, {"mission_id": "untso", **untso}]
        tables = edition_tables(year, rows, mandates=[] if year == 2021 else [{"mission_id": "unifil"}])
        return tables | ({"personnel_totals": tables["personnel_totals"].slice(0, 0)} if year == 2021 else {})

    about = {
        "qualified": {"deployed_military": ("range", 2, 4)},
        "deployed_civil_police": 3,
        "deployed_total": None,
    }
    base = base_tables(
        of(2019, {"deployed_military": 8}), of(2021, about), of(2022, {"deployed_military": 9})
    )
    with published.connect(publish(tmp_path_factory.mktemp("sparse") / "jvom.duckdb", base)) as connection:
        return site.build(connection, assets=ASSETS)


def test_a_year_that_is_not_held_is_a_gap_and_each_year_is_on_the_axis_once(sparse: dict[str, bytes]) -> None:
    for path in ("en/index.html", "en/missions/unifil.html"):
        svg = sparse[path].decode().split('<figure class="chart"')[-1 if "index" in path else 1]
        labels = re.findall(r'<text class="m" dy="10">(?:<a [^>]*>)?(.*?)</', svg)
        assert labels == ["2019", "(2020)", "2021", "2022"]
        assert 'class="gap"' in svg
        assert "In brackets, on grey: a year of which no edition has been read." in svg
    assert "No edition of 2020 has been read." in Page(sparse["en/index.html"].decode()).text
    assert "2019, 2021–2022" in Page(sparse["en/missions/index.html"].decode()).text
    assert "+2 (not comparable)" in " ".join(Page(sparse["en/missions/unifil.html"].decode()).text.split())


def test_a_figure_without_an_exact_value_is_shown_as_printed_and_in_no_sum(sparse: dict[str, bytes]) -> None:
    mission, edition = (
        " ".join(Page(sparse[path].decode()).text.split())
        for path in ("en/missions/untso.html", "en/editions/2021.html")
    )
    for text in (mission, edition):
        assert "range 2 4" in text  # as this edition prints it
        assert "not exact" in text
    for said in ("in the sums of those sent: UNTSO.", "has no totals row", "has no annex of mandates"):
        assert said in edition
    bars = drawn(Page(sparse["en/editions/2021.html"].decode()), "edition-2021", *DEPLOYED)
    assert bars == [("deployed_military", 6)]


def test_ten_editions_hang_together(
    ten: tuple[Mapping[str, bytes], Path], ten_parsed: dict[str, Page]
) -> None:
    """Missions come and go, a year is missing: every link leads somewhere, every chart has each year once."""
    files, path = ten
    check_links(ten_parsed, files)
    with published.connect(path) as connection:
        rows = sql.rows(
            connection, "FROM mission_trends WHERE listed AND deployed_total_computed IS NOT NULL"
        )
    for row in rows:
        links = ten_parsed[f"en/missions/{row['mission_id']}.html"].links
        assert f"../evidence/{row['edition_year']}.html#computed.{row['mission_id']}" in links
    assert "+4,553 GPOI" in " ".join(ten_parsed["en/index.html"].text.split())  # back after a year without it
    expected = [str(year) if year in ten_editions.YEARS else f"({year})" for year in range(2014, 2025)]
    for name in ("en/index.html", "en/missions/unifil.html", "en/regions/midden-oosten.html"):
        svg = files[name].decode().rsplit('<figure class="chart"', 1)[1]
        assert re.findall(r'transform="rotate\(-90\)" dy="4">(?:<a [^>]*>)?(.*?)</', svg) == expected, name


def test_what_is_not_exact_is_never_drawn_as_nothing(ten: tuple[Mapping[str, bytes], Path]) -> None:
    """A question mark over its year; a sum without it is said to be at least so many."""
    files = ten[0]
    mission, total = (files[f"nl/{name}.html"].decode() for name in ("missions/untso", "editions/index"))
    assert re.search(r'<text class="b m"[^>]*>\?</text>', mission)
    assert "Een vraagteken: geen exact getal." in mission
    assert re.search(r'<text class="b m desk"[^>]*>≥[\d.]+</text>', total)
    assert "niet meegeteld in 2017: het zijn er ten minste zoveel (≥)." in total


def test_the_same_release_gives_the_same_pages(folder: Path, file: duckdb.DuckDBPyConnection) -> None:
    from pipelines.orchestration.release import dependencies, lines_of

    where = settings.find(ROOT / "raw", folder.parent)
    again = site.build(file, assets=dependencies(), lines=lines_of(where))
    assert {path: (folder / path).read_bytes() for path in again} == again


def test_a_page_is_made_again_only_if_it_would_show_something_else(
    planted: dict[str, bytes], tmp_path: Path
) -> None:
    asked: list[str] = []

    def earlier(path: str) -> bytes | None:
        asked.append(path)
        return b"altered" if path == "en/about.html" else planted.get(path)

    base = base_tables(edition_tables(2024, [{"mission_id": "unifil", "deployed_military": 1}]))
    with published.connect(publish(tmp_path / "jvom.duckdb", base)) as connection:
        first = site.build(connection, assets=ASSETS)
        made = site.build(connection, assets=ASSETS, earlier=lambda path: first.get(path, b"x"))
        other = site.build(connection, assets=ASSETS, earlier=earlier)
    assert made == first == other
    assert asked == [
        pages.KEYS,
        *(path for path in planted if planted[path] == first.get(path) and path in asked),
    ]
    assert {"en/dictionary.html", "nl/lineage.html", "index.html"} <= {*asked} < {*planted}


def test_the_mark_says_release_and_code(folder: Path, file: duckdb.DuckDBPyConnection) -> None:
    (release_id,) = file.execute(
        "SELECT release_id FROM releases ORDER BY rowid DESC LIMIT 1"
    ).fetchone() or ("",)
    assert files.built_from(folder) == f"{release_id} {versions.site()}"


def test_a_folder_is_replaced_in_one_step(tmp_path: Path) -> None:
    """Who reads while it is replaced finds one state whole, never none and never a mixture."""
    target = tmp_path / "site"
    states = [{f"{name}/page": bytes([number]) * 4096 for name in "abc"} for number in range(40)]
    files.put_folder(target, states[0], "0")
    seen: set[int] = set()
    faults: list[object] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            try:
                seen.add((target / "a/page").read_bytes()[0])
            except OSError as fault:
                faults.append(fault)

    reader = threading.Thread(target=read)
    reader.start()
    for number, state in enumerate(states[1:], start=1):
        files.put_folder(target, state, str(number))
    done.set()
    reader.join()
    assert not faults
    assert len(seen) > 1
    assert files.built_from(target) == "39"
    assert [path.name for path in tmp_path.iterdir()] == ["site"]


def test_a_write_that_died_is_swept_and_kept_files_come_along(tmp_path: Path) -> None:
    target, left = tmp_path / "release", tmp_path / ".release.building"
    target.mkdir()
    left.mkdir()
    (target / "manifest.json").write_text("{}")
    (target / "old.csv").write_text("old")
    (left / "half.csv").write_text("half")
    files.put_folder(target, {"data/new.csv": b"new"}, "1", keep=["manifest.json", "absent.md"])
    written = {p.relative_to(target).as_posix() for p in target.rglob("*") if p.is_file()}
    assert written == {"manifest.json", "data/new.csv", ".built"}
    assert not left.exists()
