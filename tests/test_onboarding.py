"""`jvom onboard`: every question at once, none twice, and entries that are entered whole or not at all."""

import dataclasses
import hashlib
import random
import re
import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pipelines.cli.app import program
from pipelines.extract import answers, onboarding
from schemas import countries, proposals, registry
from schemas.errors import RegistryError
from tests.support import ROOT, Jvom
from tests.support.cases import cases
from tests.support.html import MANDATES, edition
from tests.support.onboarding import FACTS, examine, filled, written

pytestmark = pytest.mark.usefixtures("without_child")

ROWS = [
    ("Afrika",),
    ("UNMISS", "4", "1", "9", "2", "11"),
    ("UNISFA", "2", "", "3", "", "3"),
    ("MINUSMA Mali", "6", "2", "12", "4", "16"),
    ("Kaukasus",),
    ("Operatie Ararat", "5", "", "7", "", "7"),
    ("KFOR / VPD", "30", "", "30", "", "30"),
    ("Totaal", "47", "3", "61", "6", "67"),
]
ANSWERS = {"organisation": "UN", "region": "Azië", "role": "ignore", "value": 5, "date": "?"}


def test_everything_is_asked_at_once_and_answered_once() -> None:
    data = edition(ROWS)
    state = examine(data)
    asked = [one.proposal for one in state.questions]
    names = {one.kind: one for one in asked}
    assert names["region"].values["printed"] == "Kaukasus"
    assert names["spelling"].values == {"mission_id": "minusma", "spelling": "MINUSMA Mali"}
    by_name = {one.values["name"]: one for one in asked if one.kind == "mission"}
    assert set(by_name) == {"UNISFA", "Operatie Ararat", "KFOR / VPD"}
    assert by_name["UNISFA"].values["region"] == "Afrika"
    assert by_name["UNISFA"].values["countries"] == []
    assert not by_name["KFOR / VPD"].is_open  # one row of two known missions
    related = [one.proposal for one in state.questions if one.proposal.kind == "relation"]
    assert {one.values["other_mission_id"] for one in related} == {"kfor", "vpd"}
    entries = [filled(one.proposal, ANSWERS) for one in state.questions]
    after = examine(data, entries)
    assert after.is_read
    assert (after.rows, after.sums) == (5, ())


def test_a_new_mission_is_where_its_name_or_the_cell_beside_it_says() -> None:
    """A name that is part of another's says nothing: `Congo` is two countries."""
    assert countries.named("EUSEC RD Congo, Guinee-Bissau, Zuid-Soedan, Lebanon en Libanon") == [
        "GW",
        "SS",
        "LB",
    ]
    registry = FACTS.registry()
    (new,) = answers.mission("EUTM Q (Niger)", "Afrika", registry, 2, "Tsjaad en de Sahel")
    assert new.values["countries"] == ["TD", "NE"]
    assert "countries: codes of “Tsjaad en de Sahel”" in new.note


@pytest.mark.parametrize("seed", [0, *(pytest.param(more, marks=pytest.mark.commands) for more in (1, 2))])
def test_what_is_asked_shrinks_with_every_answer(seed: int) -> None:
    """Whatever is unknown, an answered question is not asked again, and answering ends."""
    chance = random.Random(seed)
    unknown = {
        "UNMISS": "UNMISX",
        "MINUSMA Mali": "MINUSMA te Gao",
        "Afrika": "Sahelregio",
        "KFOR / VPD": "EUTM Q",
    }
    rows = [(unknown.get(row[0], row[0]) if chance.random() < 0.7 else row[0], *row[1:]) for row in ROWS]
    places = [at for at, row in enumerate(rows) if len(row) > 1 and row[0] != "Totaal"]
    changed = chance.choice(places)
    rows[changed] = (rows[changed][0], "zie tekst", *rows[changed][2:])
    mandates = [(one[0], unknown.get(one[1], one[1]), *one[2:]) for one in MANDATES]
    data = edition(rows, mandates)
    entries: list[tuple[str, dict[str, Any]]] = []
    open_before: set[str] | None = None
    for _ in range(12):
        state = examine(data, entries)
        asked = {one.proposal.question for one in state.questions}
        answered = {key for entry in entries for key in onboarding.keys(*entry)}
        assert not [
            one
            for one in state.questions
            if answered & onboarding.keys(one.proposal.kind, one.proposal.values)
        ]
        if open_before is not None:
            assert asked < open_before
        if not asked:
            break
        open_before = asked
        entries.append(filled(chance.choice(state.questions).proposal, ANSWERS))
    assert not state.questions


@pytest.mark.commands
def test_a_file_of_entries_is_reviewed_read_again_and_entered(tmp_path: Path, jvom: Jvom) -> None:
    file, entries = written(tmp_path, edition(ROWS)), tmp_path / "entries.toml"
    first = jvom("onboard", file, "--year", 2023, "--write", entries)
    assert first.returncode == 1
    assert "personnel: “Bijlage 2" in first.stdout
    assert "Nationale kaders / Militair → frame_military" in first.stdout
    assert "Operatie Ararat" in first.stdout
    text = entries.read_text(encoding="utf-8")
    assert '"?"' in text
    unfinished = jvom("onboard", file, "--year", 2023, "--entries", entries, "--apply")
    assert unfinished.returncode == 1
    assert 'is still "?"; nothing was entered' in unfinished.stderr
    done = text.replace('region = "?"', 'region = "Azië"').replace(
        'organisation = "?"', 'organisation = "UN"'
    )
    entries.write_text("# reviewed\n" + done, encoding="utf-8")
    second = jvom("onboard", file, "--year", 2023, "--entries", entries)
    assert "read: 5 rows, totals add up" in second.stderr
    assert f"--entries {entries} --apply" in second.stderr


def copy_of_schemas(tmp_path: Path) -> Path:
    return Path(
        shutil.copytree(
            onboarding.FOLDER, tmp_path / "schemas", ignore=shutil.ignore_patterns("*.py", "__pycache__")
        )
    )


def test_entries_are_appended_and_everything_else_stays(tmp_path: Path) -> None:
    folder = copy_of_schemas(tmp_path)
    before = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.toml")}
    entries = [
        ("spelling", {"mission_id": "minusma", "spelling": "MINUSMA Mali"}),
        ("region", {"printed": "Kaukasus", "region": "Azië"}),
    ]
    assert onboarding.apply(entries, folder) == ["missions.toml"]
    after = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.toml")}
    assert after["missions.toml"].startswith(before["missions.toml"].rstrip("\n"))
    assert {name for name in before if before[name] != after[name]} == {"missions.toml"}
    assert registry.load(folder) == FACTS.extended(entries).registry()
    assert onboarding.apply(entries, folder) == []  # they are there


def test_two_editions_may_ask_for_one_new_mission(tmp_path: Path) -> None:
    folder = copy_of_schemas(tmp_path)
    new = {"id": "ararat", "organisation": "UN", "region": "Azië", "name": "Ararat", "countries": []}
    first = ("mission", {**new, "spellings": ["Ararat"]})
    second = ("mission", {**new, "name": "Operatie Ararat", "spellings": ["Ararat", "Operatie Ararat"]})
    assert onboarding.apply([first], folder) == onboarding.apply([second], folder) == ["missions.toml"]
    (mission,) = (one for one in registry.load(folder).missions if one.id == "ararat")
    assert set(mission.spellings) == {"Ararat", "Operatie Ararat"}
    assert onboarding.apply([second], folder) == []
    other = ("mission", {**new, "region": "Afrika", "spellings": ["Ararat"]})
    with pytest.raises(RegistryError, match="ararat is there already, and its region is 'Azië'"):
        onboarding.apply([other], folder)


def test_what_was_reviewed_is_entered_and_then_needed_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onboarding, "FOLDER", copy_of_schemas(tmp_path))
    file, entries = written(tmp_path, edition(ROWS)), tmp_path / "entries.toml"
    asked = examine(edition(ROWS)).questions
    entries.write_text(proposals.text([replace_open(one.proposal) for one in asked]), encoding="utf-8")
    command = ["onboard", str(file), "--year", "2023"]
    entered = CliRunner().invoke(program(), [*command, "--entries", str(entries), "--apply"])
    assert (entered.exit_code, "entered in schemas/missions.toml" in entered.output) == (0, True)
    assert f"next: jvom ingest {file} --year 2023 --keep" in entered.output
    again = CliRunner().invoke(program(), command)
    assert (again.exit_code, "read: 5 rows, totals add up" in again.output) == (0, True)


def replace_open(proposal: Any) -> Any:
    return dataclasses.replace(proposal, values=filled(proposal, ANSWERS)[1])


def test_nothing_is_entered_where_the_registry_would_not_validate(tmp_path: Path) -> None:
    folder = copy_of_schemas(tmp_path)
    before = {path.name: path.read_bytes() for path in folder.glob("*") if path.is_file()}
    good = ("region", {"printed": "Kaukasus", "region": "Azië"})
    for bad in (
        ("spelling", {"mission_id": "minusma", "spelling": "UNIFIL"}),
        ("mission", {"id": "x", "name": "X"}),
        ("region", {"printed": "Elders", "region": "?"}),
    ):
        with pytest.raises(RegistryError):
            onboarding.apply([good, bad], folder)
    assert {path.name: path.read_bytes() for path in folder.glob("*") if path.is_file()} == before


@cases("text", "words")
def test_a_file_of_entries_that_is_wrong_is_refused_by_name(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "entries.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(RegistryError) as caught:
        onboarding.load_entries(file, FACTS)
    assert words in str(caught.value)
    assert caught.value.file == str(file)


def test_an_unfinished_entry_is_not_asked_again_and_keeps_its_place(tmp_path: Path) -> None:
    file = tmp_path / "entries.toml"
    file.write_text(
        '# mine\n[[mission]]\nid = "ararat"\nname = "?"\nspellings = ["Operatie Ararat"]\n', encoding="utf-8"
    )
    reviewed = onboarding.load_entries(file, FACTS)
    assert [kind for kind, _ in reviewed.unfinished] == ["mission"]
    from pipelines import raw
    from pipelines.model import Edition

    data = edition(ROWS)
    state, _ = onboarding.examine(data, raw.describe(data, 2023, "new.pdf"), Edition(2023), FACTS, reviewed)
    assert not [one for one in state.questions if "Ararat" in one.proposal.question]
    assert not state.is_read
    text = onboarding.review(reviewed, state.questions)
    assert text.startswith(reviewed.text)
    assert len(tomllib.loads(text)["mission"]) == 3


HOW_TO = ROOT / "docs/how-to/add-an-edition.md"
EXAMPLE = [
    ("Afrika",),
    ("UNMISS", "4", "1", "9", "2", "11"),
    ("UNISFA", "2", "", "3", "", "3"),
    ("Azië",),
    ("Operatie Ararat", "5", "", "7", "", "7"),
    ("Diversen",),
    ("VPD", "zie brief", "", "30", "", "30"),
    ("Totaal", "41", "1", "49", "2", "51"),
]


@pytest.mark.commands
def test_the_example_of_the_how_to_is_what_happens(tmp_path: Path, jvom: Jvom) -> None:
    page = HOW_TO.read_text(encoding="utf-8").partition("\n## Example\n")[2]
    data = edition(EXAMPLE, frame="Vastgesteld contingent")
    file, entries = written(tmp_path, data), tmp_path / "entries.toml"
    first = jvom("onboard", file, "--year", 2023, "--write", entries)
    (shown,) = re.findall(r"```text\n(.*?)```", page, re.S)
    assert [line for line in shown.splitlines() if line not in first.stdout] == []
    (filled_in,) = re.findall(r"```toml\n(.*?)```", page, re.S)
    filled_in = filled_in.replace("64 hexadecimal digits", hashlib.sha256(data).hexdigest())
    asked, answered = (tomllib.loads(text) for text in (entries.read_text(encoding="utf-8"), filled_in))
    for kind in {*asked, *answered}:
        for one, other in zip(asked[kind], answered[kind], strict=True):
            same = [key for key in one if one[key] not in ("?", []) and key != "reason"]
            assert {key: one[key] for key in same} == {key: other[key] for key in same}, kind
    entries.write_text(filled_in, encoding="utf-8")
    second = jvom("onboard", file, "--year", 2023, "--entries", entries)
    (last,) = re.findall(r"`(read: [^`]+)`", page)
    assert last in second.stderr


@pytest.mark.parametrize(
    "words",
    [
        {"frame": "Vastgesteld contingent"},
        {"mission": "Verrichting"},
        pytest.param({"deployed": "Gestuurde mensen"}, marks=pytest.mark.renditions),
        pytest.param({"total": "Alles bijeen"}, marks=pytest.mark.renditions),
        pytest.param({"frame": "Nationale kaders (ceiling)"}, marks=pytest.mark.renditions),
    ],
    ids=", ".join,
)
def test_unknown_words_of_a_header_are_asked_once(words: dict[str, str]) -> None:
    """However many there are: with each answer there are fewer questions, and none comes again."""
    roles = {"Vastgesteld": "frame", "Gestuurde": "deployed", "Verrichting": "mission", "Alles": "total"}
    roles["ceiling"] = "nothing"
    last = [("VPD", "30", "", "30", "", "30"), ("Totaal", "34", "1", "39", "2", "41")]
    data = edition([*EXAMPLE[:2], EXAMPLE[5], *last], [MANDATES[0], MANDATES[1], MANDATES[3]], **words)
    entries: list[tuple[str, Any]] = []
    for _ in range(3):
        state = examine(data, entries)
        if not state.questions:
            break
        answered = {key for entry in entries for key in onboarding.keys(*entry)}
        assert len(state.questions) == len(words) - len(entries)
        for one in state.questions:
            assert not answered & onboarding.keys(one.proposal.kind, one.proposal.values)
        (first, *_) = [one.proposal for one in state.questions if one.proposal.kind == "word"]
        role = roles[first.values["printed"].split()[0]]
        entries.append(("word", {"printed": first.values["printed"], "role": role}))
    assert state.is_read, state
    assert state.rows == 2
