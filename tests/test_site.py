"""The site as files: what the charts hold is what the views say, and what a document says stays text."""

from __future__ import annotations

import datetime
import hashlib
import json
import re
import threading
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines import files, site, sql, versions
from pipelines.publish import published
from pipelines.site import pages
from pipelines.site.charts import Drawings
from tests.support.building import FIGURES, base_tables, edition_tables, publish

HOSTILE = '</script><script>alert("planted")</script><b>&amp;'
ASSETS = {"source": [], "document": ["source"], "published": ["document"], "site": ["published"]}


class Page(HTMLParser):
    """What a test wants of a page: ids, links, tags, and the JSON in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self.json: list[Any] = []
        self.text = ""
        self._script = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        self.ids += [given["id"]] if given.get("id") else []
        self.links += [v for k, v in attrs if k in ("href", "src") and v]
        self._script = "json" in (given.get("type") or "")

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._script:
            self.json.append(json.loads(data))
            self._script = False


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


def embedded(page: Page) -> dict[str, Sequence[Mapping[str, Any]]]:
    """Data of each chart of a page, by the chart's description."""
    specs = [found for found in page.json if "datasets" in found]
    return {spec["description"]: next(iter(spec["datasets"].values())) for spec in specs}


def test_both_languages_have_the_same_pages(parsed: dict[str, Page]) -> None:
    trees = [{p.partition("/")[2] for p in parsed if p.startswith(f"{tree}/")} for tree in pages.LANGUAGES]
    assert trees[0] == trees[1]
    assert len(trees[0]) > 20


def test_both_languages_have_the_same_words() -> None:
    words = tomllib.loads((pages.HERE / "words.toml").read_text(encoding="utf-8"))

    def shape(part: Mapping[str, Any]) -> dict[str, Any]:
        return {key: shape(value) if isinstance(value, dict) else type(value) for key, value in part.items()}

    assert shape(words["nl"]) == shape(words["en"])


def test_every_link_leads_somewhere(folder: Path, parsed: dict[str, Page]) -> None:
    for path, page in parsed.items():
        assert len(page.ids) == len(set(page.ids)), path
        for link in page.links:
            if link.startswith(("https://", "http://")):
                continue
            target, _, anchor = link.partition("#")
            found = (folder / path).parent.joinpath(target).resolve() if target else folder / path
            assert found.is_file(), (path, link)
            if anchor:
                assert anchor in parsed[found.relative_to(folder.resolve()).as_posix()].ids, (path, link)


@pytest.mark.parametrize("tree", pages.LANGUAGES)
def test_charts_of_missions_hold_what_the_views_say(
    tree: str, parsed: dict[str, Page], file: duckdb.DuckDBPyConnection
) -> None:
    rows = sql.rows(file, "FROM mission_trends WHERE listed")
    assert rows
    for row in rows:
        data, *_ = embedded(parsed[f"{tree}/missions/{row['mission_id']}.html"]).values()
        own = {d["column_name"]: d["persons"] for d in data if d["edition_year"] == row["edition_year"]}
        assert own == {name: row[name] for name in FIGURES[:4] if row[name] is not None}


@pytest.mark.parametrize("tree", pages.LANGUAGES)
def test_charts_of_editions_hold_what_the_views_say(
    tree: str, parsed: dict[str, Page], file: duckdb.DuckDBPyConnection
) -> None:
    for (year,) in file.execute("SELECT edition_year FROM editions").fetchall():
        (data,) = embedded(parsed[f"{tree}/editions/{year}.html"]).values()
        expected = {
            (row["mission_id"], name): row[name]
            for row in sql.rows(file, f"FROM mission_trends WHERE listed AND edition_year = {year}")
            for name in FIGURES[2:4]
            if row[name] is not None
        }
        assert {(d["mission_id"], d["column_name"]): d["persons"] for d in data} == expected
    (totals,) = embedded(parsed[f"{tree}/index.html"]).values()
    assert {(d["edition_year"], d["column_name"]): d["persons"] for d in totals} == {
        (row["edition_year"], row["column_name"]): row["printed"]
        for row in sql.rows(file, "FROM edition_totals WHERE column_name <> 'deployed_total'")
    }


def test_every_figure_leads_to_its_cell(parsed: dict[str, Page], file: duckdb.DuckDBPyConnection) -> None:
    cells = sql.rows(file, "FROM cells")
    anchors = {f"{c['table_name']}.{c['row_key']}.{c['column_name']}" for c in cells}
    for tree in pages.LANGUAGES:
        assert anchors <= set(parsed[f"{tree}/evidence/2024.html"].ids)
        links = parsed[f"{tree}/missions/anti-isis-irak.html"].links
        for name in FIGURES:
            assert f"../evidence/2024.html#personnel.anti-isis-irak.{name}" in links


def test_printed_and_computed_stand_side_by_side(parsed: dict[str, Page]) -> None:
    text = parsed["en/editions/2024.html"].text
    assert "3473" in text  # as printed
    assert "3,483" in text  # military plus civil/police
    assert "3 + 2" in text


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
    figures = [
        {**unifil, "period_start": datetime.date(year, 1, 1), "military": year - 1900, "note": HOSTILE}
        | {"source_url": "javascript:alert(1)"}
        for year in range(1980, 1985)
    ]
    base = base_tables(
        first,
        second,
        missions=[{**unifil, "name": HOSTILE, "full_name": HOSTILE}],
        found={"findings": [finding], "mission_events": [event]},
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
        assert "b" not in page.tags, path
        shown += HOSTILE in page.text or any(HOSTILE in json.dumps(found) for found in page.json)
    assert shown > 4


def test_changes_between_editions_are_listed(planted: dict[str, bytes]) -> None:
    front = Page(planted["en/index.html"].decode())
    assert "+1" in front.text
    data, _ = embedded(Page(planted["en/missions/unifil.html"].decode())).values()
    assert [(d["edition_year"], d["persons"]) for d in data if d["column_name"] == "deployed_military"] == [
        (2023, 3),
        (2024, 4),
    ]


def test_findings_events_and_figures_of_other_sources_are_shown(planted: dict[str, bytes]) -> None:
    mission = Page(planted["en/missions/unifil.html"].decode())
    assert "mission ended" in mission.text
    assert "../evidence/2024.html#personnel.unifil.deployed_total" in mission.links
    assert not any(link.startswith("javascript:") for link in mission.links)
    _, timeline = embedded(mission).values()
    observed = [row["persons"] for row in timeline if row["persons"] > 20]
    assert observed == [80, 81, 82, 83, 84]
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
        page = Page(sparse[path].decode())
        (spec, *_) = [found for found in page.json if "datasets" in found]
        x = spec["encoding"]["x"]
        assert (x["type"], x["scale"]["domain"]) == ("ordinal", [2019, 2020, 2021, 2022])
        assert "[2020]" in x["axis"]["labelExpr"]
        assert "No edition of this year is held." in page.text
        assert "In brackets: a year of which no edition is held." in page.text
        svg = sparse[path].decode()
        assert all(svg.count(f">{label}</text>") == 1 for label in ("2019", "(2020)", "2021", "2022"))
    assert "2019, 2021–2022" in Page(sparse["en/index.html"].decode()).text
    assert "+2 (not comparable)" in " ".join(Page(sparse["en/missions/unifil.html"].decode()).text.split())


def test_a_figure_without_an_exact_value_is_shown_as_printed_and_in_no_sum(sparse: dict[str, bytes]) -> None:
    mission, edition = (
        " ".join(Page(sparse[path].decode()).text.split())
        for path in ("en/missions/untso.html", "en/editions/2021.html")
    )
    for text in (mission, edition):
        assert "range 2 4" in text  # as this edition prints it
        assert "not exact" in text
    for said in ("and so not in the sums: UNTSO.", "has no totals row", "has no annex of mandates"):
        assert said in edition
    (data,) = embedded(Page(sparse["en/editions/2021.html"].decode())).values()
    assert [(row["mission_id"], row["persons"]) for row in data] == [("unifil", 6)]


def test_the_same_release_gives_the_same_pages(folder: Path, file: duckdb.DuckDBPyConnection) -> None:
    from pipelines.orchestration.release import dependencies

    again = site.build(file, assets=dependencies())
    assert {path: (folder / path).read_bytes() for path in again} == again


def test_the_scripts_are_the_ones_that_were_bundled() -> None:
    import vl_convert

    newest = vl_convert.get_vegalite_versions()[-1]
    bundle = vl_convert.javascript_bundle(vl_version=newest)
    assert (site.ASSETS / "vega.js").read_text(encoding="utf-8") == bundle
    licences = (site.ASSETS / "LICENSES.txt").read_text(encoding="utf-8")
    for version in (vl_convert.get_vega_version(), vl_convert.get_vega_embed_version(), newest):
        assert version in licences


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


def test_a_chart_that_is_the_same_is_not_drawn_again(planted: dict[str, bytes]) -> None:
    (first, svg), *_ = json.loads(planted[Drawings.FILE]).items()
    (spec,) = (
        found
        for path, data in planted.items()
        if path.endswith(".html")
        for found in Page(data.decode()).json
        if hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest() == first
    )
    assert Drawings().draw(spec) == svg
    kept = Drawings({first: "as it was drawn"})
    assert kept.draw(spec) == "as it was drawn"
    assert kept.draw({**spec, "height": 123}).startswith("<svg")
    assert len(json.loads(kept.file())) == 2


def test_drawings_that_cannot_be_read_are_drawn_anew(tmp_path: Path) -> None:
    nothing = Drawings().file()
    assert Drawings.of_site(tmp_path).file() == nothing
    for damaged in (b"{", b"[]", bytes([255])):
        (tmp_path / Drawings.FILE).write_bytes(damaged)
        assert Drawings.of_site(tmp_path).file() == nothing
