"""Several editions at the command line: two compared, and a trend over years that are not held."""

import csv
import datetime
import io
from pathlib import Path

import pytest

from tests.support import Jvom, answer, building
from tests.support.cases import cases


@pytest.fixture(scope="module")
def editions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """2019, 2022 and 2023; one figure is not exact, one mission goes and one comes; 2022 has no mandates."""

    def of(year: int, **sent: object) -> building.Tables:
        rows = [
            {
                "mission_id": mission.replace("_", "-"),
                **(row if isinstance(row, dict) else {"deployed_military": row}),
            }
            for mission, row in sent.items()
        ]
        mandates = [{"mission_id": "unifil", "international_mandate_end": datetime.date(year, 8, 31)}]
        return building.edition_tables(year, rows, mandates=mandates if year != 2022 else [])

    about = {"qualified": {"deployed_military": ("about", None, None)}, "frame_military": 12}
    base = building.base_tables(
        of(2019, unifil=5, untso=11), of(2022, unifil=1, untso=about), of(2023, unifil=4, eutm_mali=3)
    )
    folder = tmp_path_factory.mktemp("editions")
    building.publish(folder / "jvom.duckdb", base)
    return folder


def test_two_editions_are_compared_mission_by_mission(editions: Path, jvom: Jvom) -> None:
    found = answer(jvom("diff", "--editions", 2022, 2023, "--warehouse", editions, "--json"))
    assert (found["editions"], found["comparable"]) == ([2022, 2023], True)
    missions = {row["mission_id"]: row for row in found["missions"]}
    shown = {mission: (row["status"], row["change"]) for mission, row in missions.items()}
    assert shown == {
        "eutm-mali": ("not in 2022", None),
        "unifil": ("in both", 3),
        "untso": ("not in 2023", None),
    }
    assert missions["unifil"]["figures"]["deployed_military"] == [1, 4]
    assert missions["untso"]["figures"]["deployed_military"] == ["about None None", None]  # as printed
    assert found["notes"][-1] == "the mandates cannot be compared: 2022 has none recorded"

    table = jvom("diff", "--editions", 2022, 2023, "--warehouse", editions, "--csv").stdout
    rows = {row["mission_id"]: row for row in csv.DictReader(io.StringIO(table))}
    figures = ("status", "deployed_military_2022", "deployed_military_2023", "change")
    assert [rows["unifil"][name] for name in figures] == ["in both", "1", "4", "3"]

    text = jvom("diff", "--editions", 2019, 2023, "--warehouse", editions).stdout
    (unifil,) = [line.split() for line in text.splitlines() if line.strip().startswith("UNIFIL")]
    assert unifil == ["UNIFIL", *3 * ["5", "→", "4"], "-1"]
    assert "other editions lie between them: 2022" in text
    assert "of these years no edition is held: 2020, 2021" in text
    assert "mandate of unifil: international_mandate_as_printed 31-08-2019 → 31-08-2023" in text


@cases("words", "said", nested=tuple)
def test_what_cannot_be_compared_is_an_error_of_the_command_line(
    editions: Path, jvom: Jvom, words: tuple[object, ...], said: str
) -> None:
    done = jvom("diff", *words, "--warehouse", editions)
    assert done.returncode == 2
    assert said in done.stderr


def test_a_year_that_is_not_held_is_a_row_of_its_own_and_no_data(editions: Path, jvom: Jvom) -> None:
    lines = jvom("trend", "unifil", "--warehouse", editions).stdout.splitlines()
    years = [line.split() for line in lines if line.split()[:1] and line.split()[0].isdigit()]
    assert [words[0] for words in years] == ["2019", "2020", "2021", "2022", "2023"]
    assert years[1] == ["2020", "no", "edition", "held"]
    rows = answer(jvom("trend", "unifil", "--warehouse", editions, "--json"))
    assert [row["edition_year"] for row in rows] == [2019, 2022, 2023]
    assert (
        "deployed_military printed without an exact figure"
        in jvom("trend", "untso", "--warehouse", editions).stdout
    )
