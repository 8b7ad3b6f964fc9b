"""raw/observations.csv: what it holds, that nothing was lost on the way, what happens when it is wrong."""

from __future__ import annotations

import csv
import datetime
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import schemas
from pipelines import settings
from pipelines.other_sources import files as public_sources
from pipelines.other_sources import observations
from pipelines.publish import published, views
from schemas import registry
from schemas.errors import ContractError, JvomError, Problems, SourceError
from tests.support import Jvom
from tests.support.building import base_tables, edition_tables

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / "raw/observations.csv"
LEFT_OUT = ROOT / "raw/observations_left_out.csv"
SOURCE = ROOT.parent / "shared/facts/historical_figures.csv"
REGISTRY = registry.load()
HEADER = ",".join(observations.COLUMNS)
GOOD = "untso-1,untso,,headcount,as of,2018-07,2018-07,12,,12,,high,https://example.org/,,UNTSO,2018-07"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def where(folder: Path, *lines: str) -> settings.Settings:
    (folder / "raw").mkdir(exist_ok=True)
    (folder / "raw/observations.csv").write_text("\n".join([HEADER, *lines, ""]), encoding="utf-8")
    return settings.find(folder / "raw", folder / "warehouse")


def read(folder: Path, *lines: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = public_sources.tables(where(folder, *lines), REGISTRY)[
        "observations"
    ].to_pylist()
    return found


def test_what_is_kept_and_what_is_left_out_are_all_there_is() -> None:

    if not SOURCE.exists():
        pytest.skip("needs ../shared/facts/historical_figures.csv, which is not part of the repository")
    same = ("military", "civil_police", "total", "source_url", "confidence", "note")
    kept = [
        (row["mission_as_printed"], row["dates_as_printed"], *(row[name] for name in same))
        for row in [*rows(KEPT), *rows(LEFT_OUT)]
    ]
    given = [(row["mission"], row["as_of_or_period"], *(row[name] for name in same)) for row in rows(SOURCE)]
    assert Counter(kept) == Counter(given)


def test_a_measure_follows_from_what_the_source_says() -> None:
    for row in rows(KEPT):
        cumulative = "cumulative" in row["dates_as_printed"]
        assert (row["measure"] == "deployed") == cumulative, row["observation_id"]
    assert all(row["reason"] for row in rows(LEFT_OUT))
    assert {row["measure_as_printed"] for row in rows(LEFT_OUT)} == {"frame", "deployed"}


def test_the_file_keeps_its_contract_and_every_mission_is_known() -> None:
    table = public_sources.tables(settings.find(ROOT / "raw", ROOT / "no-warehouse"), REGISTRY)[
        "observations"
    ]
    assert table.num_rows == len(rows(KEPT))
    assert set(table["measure"].to_pylist()) == {"frame", "headcount", "deployed"}
    known = {mission.id for mission in REGISTRY.missions}
    assert set(table["mission_id"].to_pylist()) <= known
    numbers = [int(name.rpartition("-")[2]) for name in table["observation_id"].to_pylist()]
    assert min(numbers) == 1


def test_printed_precision_is_kept(tmp_path: Path) -> None:
    (month,) = read(tmp_path, GOOD)
    assert (month["period_start"], month["period_end"]) == (
        datetime.date(2018, 7, 1),
        datetime.date(2018, 7, 31),
    )
    assert (month["start_precision"], month["end_precision"]) == ("month", "month")
    frame = GOOD.replace("headcount,as of,2018-07,2018-07", "frame,period,,2018")
    (frame_row,) = read(tmp_path, frame)
    assert frame_row["period_start"] is frame_row["start_precision"] is None
    assert (frame_row["period_end"], frame_row["end_precision"]) == (datetime.date(2018, 12, 31), "year")


def test_no_file_is_no_observation(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    tables = public_sources.tables(settings.find(tmp_path / "raw", tmp_path / "warehouse"), REGISTRY)
    assert {name: table.num_rows for name, table in tables.items()} == dict.fromkeys(schemas.PUBLIC, 0)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("headcount", "head count", "measure = head count: must be one of frame, headcount, deployed"),
        ("2018-07,2018-07,12", "2018-08,2018-07,12", "period_start is not after period_end"),
        ("2018-07,2018-07,12", "2018-07,2018-09,12", "at most 31 days"),
        ("2018-07,2018-07,12", "2018-07,,12", "has both period_start and period_end"),
        (",12,,12,", ",-1,,-1,", "must be 0 or more"),
        (",12,,12,", ",12,3,12,", "total is military plus civil_police"),
        (",high,", ",sure,", "must be one of low, medium, high"),
        ("https://", "see ", "must match"),
        ("as of", "about then", "must be one of as of, period, decision"),
    ],
)
def test_a_row_that_breaks_the_contract_is_named_by_file_and_line(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    assert old in GOOD
    with pytest.raises(ContractError) as caught:
        read(tmp_path, GOOD.replace("untso-1", "untso-2"), GOOD.replace(old, new))
    assert "raw/observations.csv" in str(caught.value)
    assert "line 3" in str(caught.value)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("2018-07,2018-07,12", "july,2018-07,12", "must be a date as 2018, 2018-07 or 2018-07-03"),
        ("2018-07,2018-07,12", "2018-13,2018-07,12", "must be a date"),
        (",12,,12,", ",12,,12.5,", "must be a whole number"),
        (",12,,12,", ",12,,,", "must not be empty"),
        (",UNTSO,", ",UNTZO,", "“UNTSO” (untso)"),
        (",UNTSO,", ",UNIFIL,", "is a name of unifil, but the row is of untso"),
    ],
)
def test_a_cell_that_cannot_be_read_is_named_by_file_and_line(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    with pytest.raises(Problems) as caught:
        read(tmp_path, GOOD, GOOD.replace("untso-1", "untso-2").replace(old, new))
    (problem,) = caught.value.problems
    assert (problem.file, problem.line) == ("raw/observations.csv", 3)
    assert words in problem.message
    assert problem.hint


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\xff\xfe", "no CSV in UTF-8"),
        (HEADER.replace("measure", "mesure").encode(), "'mesure' is unknown; the nearest is 'measure'"),
        (HEADER.removesuffix(",dates_as_printed").encode(), "'dates_as_printed' is missing"),
        (f"{HEADER},note".encode(), "'note' stands twice"),
        (f"{HEADER}\nuntso-1,untso".encode(), "2 cells, the header 16"),
    ],
)
def test_a_file_of_another_shape_is_refused(tmp_path: Path, data: bytes, words: str) -> None:
    there = where(tmp_path)
    (there.raw / "observations.csv").write_bytes(data)
    with pytest.raises(SourceError) as caught:
        public_sources.tables(there, REGISTRY)
    assert words in caught.value.message
    assert caught.value.file == "raw/observations.csv"


def test_an_identifier_stands_once(tmp_path: Path) -> None:
    with pytest.raises(JvomError, match="the key must be unique"):
        read(tmp_path, GOOD, GOOD)


def test_the_timeline_keeps_every_figure_with_its_basis() -> None:
    base = base_tables(
        edition_tables(2024, [{"mission_id": "untso", "frame_military": 12, "deployed_military": 32}]),
        observations=[
            {"mission_id": "untso", "period_start": datetime.date(2024, 2, 1), "military": 13},
            {"mission_id": "untso", "period_start": datetime.date(1960, 2, 1), "civil_police": 2},
        ],
        missions=[{"mission_id": "untso", "name": "UNTSO"}],
    )
    evaluated = views.evaluate(base)
    shown = [(row["basis"], row["total"]) for row in evaluated["mission_timeline"].to_pylist()]
    assert shown == [
        ("annex deployed", 32),
        ("annex frame", 12),
        ("observed headcount", 13),
        ("observed headcount", 2),
    ]
    observed = evaluated["mission_observations"].to_pylist()
    assert [(row["edition_year"], row["annex_frame_military"]) for row in observed] == [
        (2024, 12),
        (None, None),
    ]


def test_a_changed_file_is_published_and_a_wrong_one_is_not(built: Path, tmp_path: Path, jvom: Jvom) -> None:
    warehouse, raw = tmp_path / "warehouse", tmp_path / "raw"
    shutil.copytree(built, warehouse)
    shutil.copytree(ROOT / "raw", raw)
    options = ("--warehouse", warehouse, "--raw", raw)

    def held() -> tuple[str, int]:
        state = published.state(warehouse / "jvom.duckdb")
        assert state
        with published.connect(warehouse / "jvom.duckdb") as connection:
            (count,) = connection.execute("SELECT count(*) FROM observations").fetchone() or (0,)
        return state.release_id, count

    release, count = held()
    file = raw / "observations.csv"
    wrong = GOOD.replace("untso-1", "untso-900").replace("2018-07,2018-07,12", "2018-08,2018-07,12")
    text = file.read_text(encoding="utf-8")
    file.write_text(f"{text}{wrong}\n", encoding="utf-8")
    for command in (("build",), ("build", "--dry-run")):
        refused = jvom(*command, *options)
        assert refused.returncode == 1
        assert "observations" in refused.stderr
        assert f"(line {len(text.splitlines()) + 1})" in refused.stderr
    assert held() == (release, count)

    file.write_text(f"{text}{GOOD.replace('untso-1,', 'untso-900,')}\n", encoding="utf-8")
    rehearsed = jvom("build", "--dry-run", *options)
    assert rehearsed.returncode == 0
    assert "the figures of other public sources have changed" in rehearsed.stderr
    accepted = jvom("build", *options)
    assert accepted.returncode == 0, accepted.stderr
    assert "vintage" not in accepted.stdout  # no edition was read
    assert held() == (held()[0], count + 1)
    assert held()[0] != release
    assert jvom("build", *options).stdout.startswith("Nothing new")
