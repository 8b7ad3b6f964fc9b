"""Entries appended to the registry: spellings, regions, relations, declared cells; and placeholders."""

import shutil
import tomllib
from pathlib import Path

import pytest

from schemas import proposals, registry
from schemas.errors import RegistryError
from schemas.proposals import FILES, Proposal
from tests.support.cases import cases, tables

FOLDER = Path(registry.__file__).parent
NEW = tables("registry_entries")["NEW"]


def extended(*entries: tuple[str, dict[str, object]]) -> registry.Registry:
    return registry.Facts.of(FOLDER).extended(entries).registry()


def test_entries_in_memory_are_those_that_are_appended_to_the_files(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(FOLDER, tmp_path / "schemas", ignore=shutil.ignore_patterns("*.py")))
    for kind, values in NEW.items():
        with (folder / FILES[kind]).open("a", encoding="utf-8") as file:
            file.write(f"\n{Proposal(kind, values, 'what it is').toml}\n")
    appended = registry.load(folder)
    assert appended == extended(*NEW.items())
    assert appended.find("unifil (ZUID)") == appended.find("UNIFIL")
    assert ("unifil", "part of", "untso") in [
        (one.mission_id, one.relation, one.other_mission_id) for one in appended.relations
    ]
    assert all("Noordelijk Afrika" in layout.personnel.regions for layout in appended.layouts)
    assert appended.region_headings["Noordelijk Afrika"] == appended.region_headings["Afrika"] == "Afrika"
    assert [cell.shared_rows for cell in appended.cells] == [("untso",)]


@pytest.mark.parametrize(
    ("kind", "key"),
    [(kind, key) for kind, values in NEW.items() for key in values if key != "figures"],
)
def test_a_placeholder_never_validates(kind: str, key: str) -> None:
    for placeholder in ("?", " ?? ", "…") if key == "reason" else ("?",):
        value = [placeholder] if isinstance(NEW[kind][key], list) else placeholder
        with pytest.raises(RegistryError, match="is still to be filled in"):
            extended((kind, NEW[kind] | {key: value}))


@cases("values", "words")
def test_a_declared_cell_that_contradicts_itself_is_refused(values: dict[str, object], words: str) -> None:
    with pytest.raises(RegistryError, match=words):
        extended(("cell", NEW["cell"] | values))


def test_a_declared_cell_needs_something_to_say_and_is_declared_once() -> None:
    bare = {key: value for key, value in NEW["cell"].items() if key != "shared_rows"}
    with pytest.raises(RegistryError, match="needs a value, low and high"):
        extended(("cell", bare))
    assert extended(("cell", bare | {"qualifier": "unknown"})).cells[0].value is None
    with pytest.raises(RegistryError, match="occurs twice"):
        extended(("cell", NEW["cell"]), ("cell", bare | {"row": "untso", "value": 3}))


def test_a_proposal_is_text_that_parses_and_says_what_is_open() -> None:
    other = Proposal("spelling", NEW["spelling"], "who is X?", note="its letters are those of UNIFIL")
    one = Proposal(
        "mission",
        NEW["mission"] | {"organisation": "?", "name": 'EUMAM "X" \\'},
        "who is X?",
        others=(other,),
        assumed={"organisation": "mixed"},
    )
    assert one.is_open
    assert Proposal.from_json(one.as_json()) == one
    assert extended(("mission", one.provisional)).missions[-1].name == 'EUMAM "X" \\'
    written = proposals.text([one])
    assert tomllib.loads(written) == {"mission": [dict(one.values)]}
    uncommented = "\n".join(
        line.removeprefix("# ") for line in written.splitlines() if "=" in line or "[[" in line
    )
    assert tomllib.loads(uncommented) == {"mission": [dict(one.values)], "spelling": [NEW["spelling"]]}
