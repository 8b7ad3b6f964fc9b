"""Figures of other public sources: raw/observations.csv and the UN's contributions, read, kept, refused."""

import csv
import datetime
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

import schemas
from pipelines import other_sources, reconcile, settings
from pipelines.orchestration import automation, resources
from pipelines.other_sources import contributions
from pipelines.publish import views
from schemas import registry
from schemas.errors import ContractError, JvomError, LakeError, Problems, SourceError
from tests.support import ROOT
from tests.support.building import base_tables, edition_tables
from tests.support.cases import cases

REGISTRY = registry.load()
HEADER = ",".join(other_sources.COLUMNS)
GOOD = "untso-1,untso,,headcount,as of,2018-07,2018-07,12,,12,,high,https://example.org/,,UNTSO,2018-07"
UN_HEADER = "mission,month,personnel_type,count,level,note"
UN_LINES = (
    "UNTSO,2013-02,all_types,13,month x mission x type,",
    "UNTSO,2013-02,experts_on_mission,11,month x mission x type,",
    "UNTSO,2013-02,individual_police,2,month x mission x type,",
    "UNDOF,2013-02,all_types,3,month x mission x type,",
    'ALL,2013-02,troops,14,"month x type, all missions",',
    "UNTSO,2013,all_types_mean_of_12_months,12,year x mission (rounded mean),a lower bound",
)
WITHOUT_SUMS = [line for line in UN_LINES if ",all_types," not in line]


def where(folder: Path, data: str | bytes) -> settings.Settings:
    (folder / "raw").mkdir(exist_ok=True)
    (folder / "raw/observations.csv").write_bytes(data.encode() if isinstance(data, str) else data)
    return settings.find(folder / "raw", folder / "warehouse")


def observed(folder: Path, *lines: str) -> list[dict[str, Any]]:
    tables = other_sources.tables(where(folder, "\n".join([HEADER, *lines, ""])), REGISTRY)
    rows: list[dict[str, Any]] = tables["observations"].to_pylist()
    return rows


def un_data(lines: Sequence[str] = UN_LINES, header: str = UN_HEADER) -> bytes:
    return "\n".join([header, *lines, ""]).encode()


def counted(lines: Sequence[str] = UN_LINES, header: str = UN_HEADER) -> list[dict[str, Any]]:
    table = contributions.parse(un_data(lines, header), "un.csv", REGISTRY)
    rows: list[dict[str, Any]] = other_sources.checked(table, "un_contributions", "un.csv").to_pylist()
    return rows


def test_the_file_in_raw_keeps_its_contract_and_says_what_was_left_out() -> None:
    kept, left_out = (
        list(csv.DictReader((ROOT / f"raw/{name}.csv").open(encoding="utf-8", newline="")))
        for name in ("observations", "observations_left_out")
    )
    table = other_sources.tables(settings.find(ROOT / "raw", ROOT / "no-warehouse"), REGISTRY)["observations"]
    assert table.num_rows == len(kept)
    assert set(table["measure"].to_pylist()) == {"frame", "headcount", "deployed"}
    assert set(table["mission_id"].to_pylist()) <= {mission.id for mission in REGISTRY.missions}
    for row in kept:
        assert (row["measure"] == "deployed") == ("cumulative" in row["dates_as_printed"]), row
    assert all(row["reason"] for row in left_out)
    assert {row["measure_as_printed"] for row in left_out} == {"frame", "deployed"}


def test_printed_precision_is_kept(tmp_path: Path) -> None:
    period = ("period_start", "start_precision", "period_end", "end_precision")
    frame = GOOD.replace("headcount,as of,2018-07,2018-07", "frame,period,,2018").replace(
        "untso-1", "untso-2"
    )
    assert [tuple(row[name] for name in period) for row in observed(tmp_path, GOOD, frame)] == [
        (datetime.date(2018, 7, 1), "month", datetime.date(2018, 7, 31), "month"),
        (None, None, datetime.date(2018, 12, 31), "year"),
    ]


def test_no_file_is_no_figure(tmp_path: Path) -> None:
    tables = other_sources.tables(settings.find(tmp_path / "raw", tmp_path / "warehouse"), REGISTRY)
    assert {name: table.num_rows for name, table in tables.items()} == dict.fromkeys(schemas.PUBLIC, 0)


@cases("old", "new", "words")
def test_a_wrong_observation_is_named_by_file_and_line(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    with pytest.raises((ContractError, Problems)) as caught:
        observed(tmp_path, GOOD.replace("untso-1", "untso-2"), GOOD.replace(old, new))
    said = str(caught.value)
    assert words in said
    assert "raw/observations.csv" in said
    assert "line 3" in said
    assert caught.value.hint or all(each.hint for each in getattr(caught.value, "problems", ()))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\xff\xfe", "CSV in UTF-8"),
        (HEADER.replace("measure", "mesure"), "'mesure' is unknown; the nearest is 'measure'"),
        (HEADER.removesuffix(",dates_as_printed"), "'dates_as_printed' is missing"),
        (f"{HEADER},note", "'note' is there twice"),
        (f"{HEADER}\nuntso-1,untso", "2 cells, the header 16"),
    ],
)
def test_a_file_of_another_shape_is_refused(tmp_path: Path, data: str | bytes, words: str) -> None:
    with pytest.raises(SourceError) as caught:
        other_sources.tables(where(tmp_path, data), REGISTRY)
    assert words in caught.value.message
    assert caught.value.file == "raw/observations.csv"


def test_levels_of_contributions_are_kept_apart() -> None:
    rows = counted()
    monthly = (datetime.date(2013, 2, 1), datetime.date(2013, 2, 28))
    assert [(row["level"], row["mission_id"]) for row in rows[3:]] == [
        ("month and mission", "undof"),
        ("month, all missions", None),
        ("year and mission", "untso"),
    ]
    assert (rows[0]["period_start"], rows[0]["period_end"]) == monthly
    assert rows[-1]["period_end"] == datetime.date(2013, 12, 31)


@cases("before", "lines", "words", "line")
def test_a_wrong_contribution_is_named_by_its_line(
    before: str, lines: list[str], words: str, line: int
) -> None:
    lines = [*{"UN_LINES": UN_LINES, "WITHOUT_SUMS": WITHOUT_SUMS}.get(before, ()), *lines]
    with pytest.raises(JvomError) as caught:
        counted(lines)
    problems = getattr(caught.value, "problems", [caught.value])
    assert words in str(caught.value)
    assert problems[0].line == line or f"(line {line})" in str(caught.value)
    assert all(problem.hint for problem in problems)


def test_unknown_missions_come_with_the_entries_to_add(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        counted(["MINURSO,2013-02,troops,1,,", "UNMIK,2013-02,troops,1,,"])
    folder = Path(registry.__file__).parent
    for name in ("layouts.toml", "header_words.toml", "readings.toml"):
        shutil.copy(folder / name, tmp_path)
    known = (folder / "missions.toml").read_text(encoding="utf-8")
    entries = (caught.value.hint or "").partition("\n")[2]
    (tmp_path / "missions.toml").write_text(f"{known}\n{entries}\n", encoding="utf-8")
    found = map(registry.load(tmp_path).find, ("MINURSO", "UNMIK"))
    assert [mission and mission.id for mission in found] == ["minurso", "unmik"]


def test_only_dutch_rows_are_taken() -> None:
    header = "contributor,mission,month,personnel_type,count"
    rows = counted(["Netherlands,UNTSO,2013-02,troops,1", "Belgium,UNKNOWN,2013-02,troops,9"], header)
    assert [row["count"] for row in rows] == [1]
    with pytest.raises(SourceError, match="no row of the Netherlands"):
        counted(["Belgium,UNTSO,2013-02,troops,9"], header)


HUB = (
    "Contribution_ID,ISOCode3,M49_Code,Contributing_Country,Mission_Acronym,Personnel_Type,"
    "Female_Personnel,Male_Personnel,Last_Reporting_Date",
    "1,NLD,528,Netherlands (Kingdom of the),UNTSO,Experts on Mission,2,10.0,2025-03-31",
    "2,NLD,528,Netherlands (Kingdom of the),UNIFIL,Staff Officers,,1,2024-02-29",
    "3,BEL,56,Belgium,UNKNOWN,Troops,1,2,2025-03-31",
)


@pytest.mark.parametrize("parted", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_file_of_the_uns_own_hub_is_taken(parted: str, encoding: str) -> None:
    lines = [line.replace(",", parted) for line in (*HUB[:2], HUB[3])]
    data = "\r\n".join([*lines, ""]).encode(encoding)
    table = other_sources.checked(contributions.parse(data, "un.csv", REGISTRY), "un_contributions", "un.csv")
    (row,) = table.to_pylist()
    figures = ("level", "mission_id", "personnel_type", "female", "male", "count")
    assert [row[name] for name in figures] == ["month and mission", "untso", "experts_on_mission", 2, 10, 12]
    assert (row["period_start"], row["period_end"]) == (datetime.date(2025, 3, 1), datetime.date(2025, 3, 31))
    said = contributions.taken(data, "un.csv", table)
    assert said.startswith(
        "1 of 2 rows are of the Netherlands: UNTSO; 2025-03 to 2025-03; columns mission, month"
    )
    assert said.endswith("not used: contribution_id, isocode3, m49_code")


@cases("day", "start")
def test_a_day_that_ends_a_month_is_that_month(day: str, start: datetime.date | None) -> None:
    lines = [HUB[1].replace("2025-03-31", day)]
    if start:
        assert counted(lines, HUB[0])[0]["period_start"] == start
    else:
        with pytest.raises(Problems, match="must be a"):
            counted(lines, HUB[0])


def test_a_count_is_never_made_up() -> None:
    with pytest.raises(Problems, match="must not be empty"):
        counted([HUB[2]], HUB[0])  # women unknown: no zero
    with pytest.raises(Problems, match="is not what male and female make: 3"):
        counted(["UNTSO,2013-02,troops,1,2,4"], "mission,month,personnel_type,male,female,count")


def test_the_latest_file_is_in_use_and_a_damaged_one_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "un"
    first = contributions.keep(un_data(), "first.csv", folder)
    second = contributions.keep(un_data(UN_LINES[:1]), "second.csv", folder)
    assert contributions.kept(folder) == folder / f"{second}.csv"
    assert contributions.read(folder, REGISTRY).num_rows == 1
    assert {path.name for path in folder.iterdir()} == {f"{first}.csv", f"{second}.csv", "latest.json"}
    for damage, words in ((un_data(UN_LINES[:2]), "its hash is not its name"), (None, "cannot be read")):
        (folder / f"{second}.csv").unlink()
        if damage:
            (folder / f"{second}.csv").write_bytes(damage)
        with pytest.raises(SourceError, match=words):
            contributions.read(folder, REGISTRY)
        (folder / f"{second}.csv").touch()
    contributions.keep(un_data(), "first.csv", folder)
    assert contributions.read(folder, REGISTRY).num_rows == len(UN_LINES)
    (folder / contributions.LATEST).write_text("{}", encoding="utf-8")
    with pytest.raises(SourceError, match="does not name a kept file"):
        contributions.kept(folder)
    (tmp_path / "file").write_text("a file where the folder should be", encoding="utf-8")
    with pytest.raises(LakeError, match="cannot be written"):
        contributions.keep(un_data(), "un.csv", tmp_path / "file")


def test_the_timeline_keeps_every_figure_with_its_basis_and_counts_nobody_twice() -> None:
    base = base_tables(
        edition_tables(
            2024,
            [{"mission_id": "untso", "frame_military": 12, "deployed_military": 32}, {"mission_id": "undof"}],
        ),
        observations=[
            {"mission_id": "untso", "period_start": datetime.date(2024, 2, 1), "military": 13},
            {"mission_id": "untso", "period_start": datetime.date(1960, 2, 1), "civil_police": 2},
        ],
        contributions=[{**row, "source": "un.csv"} for row in counted()],
    )
    evaluated = views.evaluate(base)
    timeline = evaluated["mission_timeline"].to_pylist()
    shown = ("mission_id", "basis", "military", "civil_police", "total")
    figures = [tuple(row[name] for name in shown) for row in timeline if row["total"] is not None]
    assert figures == [
        ("undof", "UN monthly", None, None, 3),
        ("untso", "UN monthly", 11, 2, 13),
        ("untso", "annex deployed", 32, None, 32),
        ("untso", "annex frame", 12, None, 12),
        ("untso", "observed headcount", 13, None, 13),
        ("untso", "observed headcount", None, 2, 2),
    ]
    assert all("Marechaussee" in row["note"] for row in timeline if row["basis"] == "UN monthly")
    rows = evaluated["mission_observations"].to_pylist()
    assert [(row["edition_year"], row["annex_frame_military"]) for row in rows] == [(2024, 12), (None, None)]


def test_the_sensor_asks_for_changed_figures_once(built: Path, tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    shutil.copytree(ROOT / "raw", raw)
    there = settings.find(raw, built)
    warehouse = resources.Warehouse(
        raw=str(raw), warehouse=str(built), catalog=there.catalog, data=there.data
    )

    def tick(cursor: str | None) -> Any:
        context = dg.build_sensor_context(resources={"warehouse": warehouse}, cursor=cursor)
        return automation.public_figures.evaluate_tick(context)

    assert not tick(None).run_requests
    with (raw / "observations.csv").open("a", encoding="utf-8") as stream:
        stream.write("\n")
    asked = tick(None)
    assert len(asked.run_requests) == 1
    assert not tick(asked.cursor).run_requests


def outside_frame(frame: dict[str, int], **observation: Any) -> list[dict[str, Any]]:
    """What the rule `observation_outside_frame` finds in two editions and one observation."""
    observation = {"mission_id": "untso", "period_start": datetime.date(2023, 10, 25), **observation}
    base = base_tables(
        edition_tables(2023, [{"mission_id": "untso", "frame_military": 1}]),
        edition_tables(2024, [{"mission_id": "untso", **frame}]),
        observations=[observation],
        missions=[{"mission_id": "unifil"}],
    )
    wanted = views.needed(("editions", "personnel"))
    rows = reconcile.across({**views.evaluate(base, wanted), "observations": base["observations"]})
    return [row for row in rows if row["rule"] == "observation_outside_frame"]


def test_an_observation_above_the_frame_is_a_finding_with_two_sides() -> None:
    (finding,) = outside_frame({"frame_military": 12, "deployed_military": 32}, military=13, part="observers")
    assert (finding["edition_year"], finding["severity"]) == (2024, "warn")
    assert (finding["side_a"]["column_name"], finding["side_a"]["value"]) == ("frame_military", "12")
    assert (finding["side_b"]["row_key"], finding["side_b"]["value"]) == ("untso-1", "13")
    assert finding["side_a"]["line"] in finding["evidence_lines"]
    assert finding["message"] == (
        "13 persons (observers) were counted (2023-10-25), where the annex allows 12."
    )
    (other,) = outside_frame({"frame_military": 12}, military=14)
    assert finding["finding_id"] != other["finding_id"]
    hedged = {"about": "info", "almost": "info", "more than": "warn", None: "warn"}
    for qualifier, severity in hedged.items():
        (finding,) = outside_frame({"frame_military": 12}, military=13, qualifier=qualifier)
        assert finding["severity"] == severity


@cases("frame", "observation", "column")
def test_what_exceeds_a_frame(frame: dict[str, int], observation: dict[str, Any], column: str | None) -> None:
    found = outside_frame(frame, **observation)
    assert [finding["side_a"]["column_name"] for finding in found] == ([column] if column else [])
