"""The registry as it is shipped, every way in which its files could contradict themselves, corrections."""

import shutil
from pathlib import Path

import pytest

import schemas
from pipelines import validate
from schemas import registry
from schemas.errors import Problems, RegistryError
from tests.support import building
from tests.support.cases import cases

FOLDER = Path(registry.__file__).parent
FILES = ("missions.toml", "layouts.toml", "header_words.toml", "readings.toml")
IDS = [
    *("nato-oostflank", "eufor-althea", "anti-isis-irak", "unifil", "undof", "untso", "ussc", "emasoh"),
    *("eunavfor-aspides", "cmf", "reis-indo-pacific", "minusma", "eutm-mali", "eulpc-libie"),
    *("eunavfor-atalanta", "gpoi", "sole", "vpd"),
]
SHA = "ab" * 32
READING = f"""
[[reading]]
edition_year = 2024
source_sha256 = "{SHA}"
mission_id = "unifil"
figures = {{ frame_military = 1, deployed_military = 2, deployed_total = 2 }}
reason = "seen"
"""
CORRECTION = """
[[correction]]
edition_year = 2024
table_name = "personnel"
row_key = "untso"
column_name = "deployed_military"
printed_value = "32"
corrected_value = "33"
reason = "one rotation was left out"
source = "Kamerstuk 29521, nr. 500"
"""
ENTRIES = {"readings.toml": READING, "corrections.toml": CORRECTION}


@pytest.fixture(scope="module")
def known() -> registry.Registry:
    return registry.load()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in FILES:  # a project needs no corrections
        shutil.copy(FOLDER / name, tmp_path)
    return tmp_path


def test_every_mission_of_the_2024_edition_is_known(known: registry.Registry) -> None:
    assert set(IDS) <= {mission.id for mission in known.missions}


def test_every_spelling_leads_to_its_mission(known: registry.Registry) -> None:
    for mission in known.missions:
        for spelling in mission.spellings:
            assert known.find(spelling) == mission


@cases("spelling", "mission_id")
def test_what_does_not_count_in_a_spelling(known: registry.Registry, spelling: str, mission_id: str) -> None:
    found = known.find(spelling)
    assert found
    assert found.id == mission_id


@pytest.mark.parametrize("spelling", ["EU BAM Rafah", "EUBAM-Rafah", "EU- BAM  Rafah"])
def test_a_name_is_known_by_its_letters(known: registry.Registry, spelling: str) -> None:
    mission = known.find(spelling)
    assert mission is not None
    assert mission.id == "eubam-rafah"


@pytest.mark.parametrize("spelling", ["", "UNIFI", "UNIFIL12", "EUTM", "EUTM Niger", "Totaal"])
def test_another_name_is_no_mission(known: registry.Registry, spelling: str) -> None:
    assert known.find(spelling) is None


def test_the_nearest_spellings_come_nearest_first(known: registry.Registry) -> None:
    near = known.nearest("EUTM Nali")
    assert near[0] == ("EUTM Mali", "eutm-mali")
    assert len(near) == 3
    assert len(known.nearest("Ω", 5)) == 5


def test_its_tables_fit_their_contracts(known: registry.Registry) -> None:
    tables = known.tables()
    assert set(tables) == {"mission_registry", "mission_relations"}
    for name, table in tables.items():
        schemas.REGISTRY[name].pandera.validate(table)
    assert tables["mission_registry"].num_rows == len(known.missions)
    assert tables["mission_relations"].num_rows == len(known.relations) > 0


def test_a_heading_is_compared_without_case_and_white_space() -> None:
    heading = registry.Heading("Bijlage 2 Totale inzet <period>")
    assert heading.match("  bijlage 2  Totale INZET mei 2023\u00a0t/m april 2024 ") == {
        "period": "mei 2023 t/m april 2024"
    }
    assert heading.match("Bijlage 2 Totale inzet") is None
    assert heading.match("Bijlage 12 Totale inzet 2019") is None


def test_a_declared_reading_leaves_the_other_cells_empty(folder: Path) -> None:
    (folder / "readings.toml").write_text(READING, encoding="utf-8")
    (reading,) = registry.load(folder).readings
    assert reading.figures == {
        "frame_military": 1,
        "frame_civil_police": None,
        "deployed_military": 2,
        "deployed_civil_police": None,
        "deployed_total": 2,
    }


@cases("file", "old", "new", "words")
def test_a_contradiction_names_file_and_key(
    folder: Path, file: str, old: str, new: str, words: list[str]
) -> None:
    path = folder / file
    if file in ENTRIES:
        path.write_text(ENTRIES[file], encoding="utf-8")
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(RegistryError) as caught:
        registry.load(folder)
    assert caught.value.file == str(path)
    for word in words:
        assert word in str(caught.value)


def test_a_layout_stands_once_and_there_is_one(folder: Path) -> None:
    path = folder / "layouts.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text + text, encoding="utf-8")
    with pytest.raises(RegistryError, match="layout 2024, key id: the id occurs twice"):
        registry.load(folder)
    path.write_text("", encoding="utf-8")
    with pytest.raises(RegistryError, match="has no layout"):
        registry.load(folder)


def test_a_file_that_is_gone_or_no_text_is_an_error(folder: Path) -> None:
    (folder / "readings.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(RegistryError, match="not TOML in UTF-8"):
        registry.load(folder)
    (folder / "readings.toml").unlink()
    with pytest.raises(RegistryError, match="cannot be read"):
        registry.load(folder)


def test_names_of_other_sources_find_a_mission_but_read_no_report() -> None:
    known = registry.load()
    for mission in known.missions:
        for name in mission.other_names:
            assert known.named(name) == mission
            assert known.find(name) is None
    assert sum(len(mission.other_names) for mission in known.missions) > 60
    assert known.named("UNTSO") == known.find("untso")
    assert known.named("no such mission") is None
    near = [name for name, _ in known.nearest("MINUSMA (C-13O)", 1, other_names=True)]
    assert near == ["MINUSMA (C-130)"]


def corrections_of(folder: Path, text: str) -> tuple[registry.Correction, ...]:
    (folder / "corrections.toml").write_text(text, encoding="utf-8")
    return registry.load(folder).corrections


def test_the_shipped_corrections_are_none_and_their_example_is_one(folder: Path) -> None:
    shipped = (FOLDER / "corrections.toml").read_text(encoding="utf-8")
    assert corrections_of(folder, shipped) == ()
    _, _, example = shipped.partition("# [[correction]]")
    entry = "\n".join(line.removeprefix("# ") for line in f"# [[correction]]{example}".splitlines())
    (correction,) = corrections_of(folder, entry)
    assert correction.cell == "personnel, anti-isis-irak, deployed_total"


@cases("changes", "words")
def test_a_guard_that_fails_refuses_its_edition_alone(
    folder: Path, changes: dict[str, str], words: list[str]
) -> None:
    text = CORRECTION
    for old, new in changes.items():
        text = text.replace(old, new)
    corrections = corrections_of(folder, text)
    rows = [{"mission_id": "untso", "deployed_military": 32}]
    read = building.edition_tables(2024, rows)
    with pytest.raises(Problems) as caught:
        validate.check_corrections(read, corrections, 2024, path="raw/2024/x.txt")
    assert "raw/2024/x.txt" in str(caught.value)
    for word in words:
        assert word in str(caught.value)
    validate.check_corrections(building.edition_tables(2023, rows), corrections, 2023, path="raw/2023/x.txt")


def test_a_guard_that_holds_lets_its_edition_pass(folder: Path) -> None:
    blank = CORRECTION.replace("untso", "undof").replace('printed_value = "32"\n', "")
    rows = [{"mission_id": "untso", "deployed_military": 32}, {"mission_id": "undof"}]
    corrections = corrections_of(folder, CORRECTION + blank)
    assert corrections[1].printed_value is None
    validate.check_corrections(building.edition_tables(2024, rows), corrections, 2024, path="x")


@cases("printed", "known")
def test_a_name_broken_by_a_hyphen_or_a_letter_without_code_is_the_one_known_name(
    printed: str, known: str
) -> None:
    assert registry.load().spelled(printed) == known
