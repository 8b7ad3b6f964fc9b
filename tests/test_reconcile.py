"""The rules: on the text of 2024, on invented editions, across editions, and the page that documents them."""

import csv
import datetime
import json
import random
import re
from collections.abc import Callable
from itertools import combinations, product
from pathlib import Path

import pyarrow as pa
import pytest

from pipelines import reconcile as rules
from pipelines.model import Document, Line
from pipelines.publish import release as releases
from pipelines.publish import views
from pipelines.reconcile import repairs
from pipelines.reconcile.repairs import Cell, Equality
from schemas import registry
from schemas.vocabulary import DISAGREEMENT
from tests.support import building
from tests.support.cases import cases
from tests.support.reconciling import Invented, InventedEdition, findings, invent, printed, reconcile, spelt
from tests.support.reports import FULL, needs_full

# Every contradiction found by hand before the rules were written: rule, mission, and a line of its evidence.
GOLDEN = Path(__file__).parent / "golden" / "2024" / "findings.csv"
LATER = datetime.timedelta(days=200)
LINES = Document("proef.pdf", "0" * 64, "pdf", (Line(1, 1, "UNTSO 3"),), ("1",))


@pytest.fixture(scope="module")
def real() -> rules.Reconciliation:
    return reconcile(FULL.read_text(encoding="utf-8"))


@needs_full
def test_the_list_made_by_hand_is_found_and_nothing_else(real: rules.Reconciliation) -> None:
    with GOLDEN.open(encoding="utf-8") as file:
        listed = {(r["rule"], r["mission_id"] or None, int(r["line"])) for r in csv.DictReader(file)}
    found = set()
    for row in real.findings:
        lines = row["evidence_lines"]
        assert isinstance(lines, list)
        of_row = {
            entry for entry in listed if entry[:2] == (row["rule"], row["mission_id"]) and entry[2] in lines
        }
        assert of_row, row["message"]
        found |= of_row
    assert found == listed
    assert len(real.findings) == len(listed)


@needs_full
def test_the_smallest_repairs_of_the_real_table(real: rules.Reconciliation) -> None:
    explained = {row["rule"]: json.loads(str(row["repairs"])) for row in real.findings if row["repairs"]}
    assert (explained["row_total"]["table"]["cells"], explained["row_total"]["table"]["count"]) == (3, 9)
    deployed, frame = explained["row_total"]["stories"], explained["column_total"]["stories"]
    assert [len(deployed), len(frame)] == [3, 3]
    changes = {
        frozenset((c["row_key"], c["column_name"], c["repaired"]) for c in s["changes"]) for s in deployed
    }
    assert changes == {
        frozenset({("anti-isis-irak", "deployed_total", 744), ("total", "deployed_total", 3483)}),
        frozenset({("anti-isis-irak", "deployed_military", 720), ("total", "deployed_military", 3444)}),
        frozenset({("anti-isis-irak", "deployed_civil_police", 4), ("total", "deployed_civil_police", 19)}),
    }
    single = {(c["row_key"], c["repaired"]) for s in frame for c in s["changes"]}
    assert single == {("total", 32), ("anti-isis-irak", 7), ("minusma", 0)}
    for story in deployed:  # none satisfies every total that the text states, and each satisfies one
        assert story["agrees_with"]
        assert story["contradicts"]
    assert [entry["count"] for entry in explained["row_total"]["statements"]] == [3, 6, 3, 6, 6]


@needs_full
def test_events_of_the_real_text(real: rules.Reconciliation) -> None:
    ended = {
        (row["mission_id"], row["date"], row["date_from"], row["precision"])
        for row in real.mission_events
        if row["event"] == "contribution ended"
    }
    day = datetime.date
    assert ended == {
        ("undof", None, day(2023, 8, 1), "month"),
        ("undof", day(2023, 8, 15), day(2023, 8, 15), "day"),
        ("minusma", None, day(2023, 10, 1), "month"),
        ("eutm-mali", None, day(2023, 10, 1), "month"),
        ("eulpc-libie", day(2023, 9, 1), day(2023, 9, 1), "day"),
    }


@needs_full
@cases("old", "new", "rule", "mission")
def test_what_is_planted_in_the_real_text_is_found(
    real: rules.Reconciliation, old: str, new: str, rule: str, mission: str | None
) -> None:
    text = FULL.read_text(encoding="utf-8")
    assert old in text
    known = {row["finding_id"] for row in real.findings}
    found = reconcile(text.replace(old, new, 1)).findings
    assert (rule, mission) in {(r["rule"], r["mission_id"]) for r in found if r["finding_id"] not in known}


def found_across(
    *editions: building.Tables, missions: list[dict[str, object]] | None = None, related: bool = False
) -> list[dict[str, object]]:
    """What the rules across editions find in these, published together."""
    pair = {"mission_id": "nato-oostflank", "relation": "succeeds", "other_mission_id": "efp-litouwen"}
    base = building.base_tables(*editions, missions=missions or [], relations=[pair] if related else [])
    wanted = views.needed(releases.COMPARED)
    return rules.across({**base, **views.evaluate(base, wanted)})


def across(*figures: int, **details: object) -> list[tuple[object, object]]:
    """Of one mission in consecutive editions from 2020, so many persons sent in each."""
    editions = [
        building.edition_tables(
            2020 + index,
            [
                {
                    "mission_id": "unifil",
                    "mission_as_printed": "UNIFIL" if index < 3 else "UNIFIL (Libanon)",
                    "deployed_military": figure,
                    **details,
                }
            ],
        )
        for index, figure in enumerate(figures)
    ]
    return [(row["edition_year"], row["rule"]) for row in found_across(*editions)]


def test_a_change_far_outside_what_a_mission_has_shown_is_found() -> None:
    assert across(100, 110, 400) == [(2022, "year_on_year")]
    assert across(100, 110, 20) == [(2022, "year_on_year")]
    assert across(100, 190, 120) == []
    assert across(2, 12) == []
    assert across(100, 110, 400, exact=False) == []


def test_a_change_is_looked_for_between_comparable_editions_only() -> None:
    year = datetime.date(2020, 1, 1), datetime.date(2020, 12, 31)
    rows = [[{"mission_id": "unifil", "deployed_military": count}] for count in (100, 400, 1300)]
    first = building.edition_tables(2021, rows[0], period=year)  # May to December 2020 lie in two
    others = [building.edition_tables(2022 + at, rows[1 + at]) for at in range(2)]
    found = found_across(first, *others)
    assert [(row["edition_year"], row["rule"]) for row in found] == [(2023, "year_on_year")]


def test_two_editions_of_one_period_are_found() -> None:
    """Of the same days, of some of the same, and of a period that an older or a newer report is of."""
    year = datetime.date(2020, 1, 1), datetime.date(2020, 12, 31)
    partly = datetime.date(2020, 5, 1), datetime.date(2021, 4, 30)
    row = [{"mission_id": "unifil", "deployed_military": 1}]
    periods = {2019: (datetime.date(2030, 1, 1), datetime.date(2030, 12, 31))}
    periods |= {2021: year, 2022: partly, 2024: year}
    found = found_across(*(building.edition_tables(of, row, period=period) for of, period in periods.items()))
    found = [row for row in found if row["rule"] == "same_period"]
    assert [(row["edition_year"], row["severity"]) for row in found] == [
        *((2019, "warn"), (2022, "info"), (2024, "warn"), (2024, "warn"), (2024, "info")),
    ]


@cases("before", "countries", "related", "asked")
def test_a_mission_that_ends_as_another_begins_is_asked_for_as_a_relation(
    before: list[str], countries: list[str], related: bool, asked: bool
) -> None:
    """In the same country or, where none is known, as the only ones of their organisation and region."""
    shared = {"organisation": "NATO", "region": "Europa"}
    missions = [
        {"mission_id": "efp-litouwen", "countries": before, **shared},
        {"mission_id": "nato-oostflank", "countries": countries, **shared},
        {"mission_id": "minusma", "countries": ["ML"]},
    ]
    listed = [("unifil", "efp-litouwen"), ("unifil", "efp-litouwen"), ("unifil", "nato-oostflank", "minusma")]
    editions = [
        building.edition_tables(year, [{"mission_id": name, "deployed_military": 3} for name in names])
        for year, names in zip((2021, 2022, 2023), listed, strict=True)
    ]
    found = found_across(*editions, missions=missions, related=related)
    assert [(row["edition_year"], row["rule"], row["severity"]) for row in found] == (
        [(2023, "succession", "info")] if asked else []
    )
    if asked:
        assert "nato-oostflank succeeds efp-litouwen" in str(found[0]["message"])


@cases("note", "asked")
def test_a_note_that_names_the_mission_before_asks_for_a_relation(note: str, asked: bool) -> None:
    rows = [{"mission_id": "nato-oostflank", "deployed_military": 3, "footnotes": [1]}]
    edition = building.edition_tables(2023, rows, footnotes=[note])
    missions = [{"mission_id": "efp-litouwen", "name": "eFP Litouwen"}]
    found = found_across(edition, missions=missions)
    assert [(row["mission_id"], row["rule"]) for row in found] == [("nato-oostflank", "succession")] * asked
    assert found_across(edition, missions=missions, related=True) == []


def test_a_note_of_annex_1_is_none_of_a_row_of_annex_2_with_a_mark_of_its_number() -> None:
    rows = [{"mission_id": "nato-oostflank", "deployed_military": 3, "footnotes": [1]}]
    edition = building.edition_tables(2023, rows, footnotes=["Opvolger van eFP Litouwen."])
    notes = edition["footnotes"]
    for scope, asked in (("personnel", 1), ("mandates", 0)):
        at = notes.schema.get_field_index("scope")
        edition["footnotes"] = notes.set_column(at, notes.schema.field(at), pa.array([scope]))
        found = found_across(edition, missions=[{"mission_id": "efp-litouwen", "name": "eFP Litouwen"}])
        assert [row["side_b"]["row_key"] for row in found] == (["footnote:1"] * asked)


def test_a_new_name_is_found_once() -> None:
    assert across(10, 10, 10, 10, 10) == [(2023, "name_drift")]


@cases("mandated", "messages")
def test_missions_that_lack_the_same_row_do_not_bury_the_rest(mandated: int, messages: list[str]) -> None:
    missions = ["unifil", "undof", "untso", "minusma", "eutm-mali"]
    rows = [{"mission_id": mission, "deployed_military": 3} for mission in missions]
    mandates = [{"mission_id": mission} for mission in missions[:mandated]]
    tables = building.edition_tables(2024, rows, mandates=mandates)
    found = [row for row in rules.check(tables, registry.load(), LINES).findings if row["rule"] == "coverage"]
    assert [row["message"] for row in found][-1:] == messages[-1:]
    assert len(found) == len(messages)
    assert all(row["severity"] == "warn" for row in found)
    if len(found) == 1:
        assert found[0]["side_a"]["value"] == "undof, untso, minusma, eutm-mali"  # type: ignore[index]
        assert found[0]["evidence_lines"] == [101, 102, 103, 104]


def test_the_rules_are_documented_in_their_functions() -> None:
    for rule in rules.RULES:
        assert re.match(r"(?:Compares|Where the text)", rule.doc), rule.name
        assert "\n\n" in rule.doc, rule.name


def test_a_cell_that_tags_and_geometry_give_differently_is_a_finding() -> None:
    tables = building.edition_tables(2024, [{"mission_id": "untso", "deployed_military": 3}])
    cells = tables["cells"].to_pylist()
    (one,) = [c for c in cells if (c["row_key"], c["column_name"]) == ("untso", "deployed_military")]
    one["equalities"] = [f"{DISAGREEMENT}: structure tags give 3, geometry gives 13", "3 + 0 = 3"]
    tables["cells"] = tables["cells"].from_pylist(cells, schema=tables["cells"].schema)
    found = rules.check(tables, registry.load(), LINES).findings
    (explained,) = [row for row in found if row["rule"] == "tag_geometry_disagreement"]
    assert (explained["mission_id"], explained["severity"], explained["side_b"]) == ("untso", "info", None)
    assert "geometry gives 13; 3 is recorded" in str(explained["message"])


@pytest.mark.parametrize("seed", range(8))
def test_a_consistent_edition_gives_no_finding(seed: int) -> None:
    assert findings(invent(seed).text()) == {}


def row_total(edition: InventedEdition, mission: Invented) -> str:
    mission.row[4] += 3
    edition.totals[4] += 3
    return mission.id


def column_total(edition: InventedEdition, _: Invented) -> None:
    edition.totals[0] += 4


def grand_total(edition: InventedEdition, _: Invented) -> None:
    edition.totals[4] += 10


def prose_total(edition: InventedEdition, _: Invented) -> None:
    edition.closing[0] = edition.closing[0].replace(spelt(edition.totals[4]), spelt(edition.totals[4] + 9))


def prose_conflict(edition: InventedEdition, _: Invented) -> None:
    edition.closing.append(f"In totaal zijn {spelt(edition.totals[4] + 7)} personen uitgezonden.")


def mandate_date(_: InventedEdition, mission: Invented) -> str:
    mission.mandate += LATER
    return mission.id


def frame_after_end(_: InventedEdition, mission: Invented) -> str:
    mission.sentences.append(f"Nederland heeft de bijdrage aan {mission.name} op 2 juni 2023 beëindigd.")
    mission.frame_end = datetime.date(2025, 1, 31)
    return mission.id


def frame_narrative(_: InventedEdition, mission: Invented) -> str:
    more = spelt(mission.row[0] + 9)
    mission.sentences.append(f"Momenteel dienen {more} Nederlandse militairen bij {mission.name}.")
    return mission.id


def deployed_narrative(_: InventedEdition, mission: Invented) -> str:
    more = spelt(mission.row[2] + 20)
    mission.sentences.append(f"In de rapportageperiode zond Nederland {more} militairen uit.")
    return mission.id


Plant = Callable[[InventedEdition, Invented], str | None]
PLANTS: tuple[Plant, ...] = (
    row_total,
    column_total,
    grand_total,
    prose_total,
    prose_conflict,
    mandate_date,
    frame_after_end,
    frame_narrative,
    deployed_narrative,
)


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.__name__)
def test_what_is_planted_is_found_under_its_rule(plant: Plant) -> None:
    rule = getattr(plant, "__name__", "")
    for seed in range(4):
        edition = invent(seed)
        mission = plant(edition, random.Random(seed).choice(edition.missions))
        assert (rule, mission) in findings(edition.text()), seed


def test_a_mandate_that_ended_before_the_period_is_found() -> None:
    edition = invent(1)
    mission = edition.missions[0]
    mission.sentences, mission.mandate = [], datetime.date(2022, 6, 30)
    found = findings(edition.text())
    (row,) = found["mandate_date", mission.id]
    assert row["severity"] == "warn"
    assert row["side_b"]["value"] == "2023-05-01"  # type: ignore[index]


def test_sides_point_at_the_printed_words() -> None:
    edition = invent(3)
    mission = edition.missions[0]
    mandate_date(edition, mission)
    mission.sentences = [f"Het mandaat van de missie loopt tot {printed(mission.mandate - LATER)}."]
    text = edition.text()
    lines = text.splitlines()
    (row,) = findings(text)["mandate_date", mission.id]
    for side in (row["side_a"], row["side_b"]):
        assert isinstance(side, dict)
        first = str(side["text"]).split(" ")[0]
        assert first in lines[int(side["line"]) - 1]
        assert side["line"] in row["evidence_lines"]  # type: ignore[operator]


def test_statements_point_at_their_characters() -> None:
    text = invent(5).text()
    lines = text.splitlines()
    for row in reconcile(text).statements:
        first, last = int(str(row["source_line"])), int(str(row["source_line_end"]))
        start, end = int(str(row["char_start"])), int(str(row["char_end"]))
        if first == last:
            assert lines[first - 1][start:end] == row["as_printed"]
        else:
            joined = " ".join([lines[first - 1][start:], *lines[first : last - 1], lines[last - 1][:end]])
            assert joined == row["as_printed"]


def test_identifiers_survive_moved_lines() -> None:
    edition = invent(4)
    grand_total(edition, edition.missions[0])
    deployed_narrative(edition, edition.missions[0])
    text = edition.text()
    opening = "Hier staat een inleidende zin."
    before, after = reconcile(text), reconcile(text.replace(opening, f"{opening}\nEn nog een.\nEn nog een."))
    for name, key in (
        ("findings", "finding_id"),
        ("statements", "statement_id"),
        ("mission_events", "event_id"),
    ):
        assert [row[key] for row in getattr(before, name)] == [row[key] for row in getattr(after, name)]
    assert before.findings[0]["evidence_lines"] != after.findings[0]["evidence_lines"]


def test_every_identifier_is_unique_and_every_rule_known() -> None:
    edition = invent(6)
    for plant in PLANTS:
        plant(edition, edition.missions[0])
    result = reconcile(edition.text())
    known = {rule.name for rule in rules.RULES}
    for rows, key in ((result.findings, "finding_id"), (result.statements, "statement_id")):
        assert len({row[key] for row in rows}) == len(rows)
    assert {row["rule"] for row in result.findings} <= known
    order = [("error", "warn", "info").index(str(row["severity"])) for row in result.findings]
    assert order == sorted(order)


# Minimal repairs, against a search that tries everything.


Table = tuple[list[Equality], dict[Cell, int]]


def table(seed: int, rows: int = 2, largest: int = 6, errors: int = 2) -> Table:
    """A table of rows with two parts and a total, its column totals, and so many wrong cells."""
    draw = random.Random(seed)
    parts = [[draw.randint(0, largest), draw.randint(0, largest)] for _ in range(rows)]
    lines = [[*row, sum(row)] for row in parts]
    lines.append([sum(column) for column in zip(*lines, strict=True)])
    printed = {(str(i), str(j)): value for i, line in enumerate(lines) for j, value in enumerate(line)}
    for cell in draw.sample(sorted(printed), errors):
        printed[cell] = max(0, printed[cell] + draw.choice((-3, -2, 2, 3)))
    promised = [
        Equality(f"row {i}", (((str(i), "2"), -1), ((str(i), "0"), 1), ((str(i), "1"), 1)))
        for i in range(rows + 1)
    ]
    promised += [
        Equality(f"column {j}", (((str(rows), str(j)), -1), *(((str(i), str(j)), 1) for i in range(rows))))
        for j in range(3)
    ]
    return promised, printed


def holds(promised: list[Equality], values: dict[Cell, int]) -> bool:
    return all(
        sum(sign * values[cell] for cell, sign in equality.cells) == equality.wanted for equality in promised
    )


def everything(
    promised: list[Equality], printed: dict[Cell, int], most: int
) -> tuple[int, set[frozenset[Cell]]]:
    """The smallest sets of cells for which some values from 0 to 30 make everything hold."""
    for size in range(most + 1):
        found = set()
        for cells in combinations(sorted(printed), size):
            for values in product(range(31), repeat=size):
                if holds(promised, printed | dict(zip(cells, values, strict=True))):
                    found.add(frozenset(cells))
                    break
        if found:
            return size, found
    return most, set()


@pytest.mark.parametrize("seed", range(8))
def test_the_search_finds_what_trying_everything_finds(seed: int) -> None:
    promised, printed = table(seed)
    size, wanted = everything(promised, printed, 2)
    found = repairs.search(promised, printed, most=2)
    assert {frozenset(cell for cell, _ in repair) for repair in found.repairs} == wanted
    assert not wanted or found.cells == size
    for repair in found.repairs:
        assert holds(promised, printed | dict(repair))


def test_more_than_five_cells_are_said_to_be_too_many() -> None:
    promised = [Equality(str(i), (((str(i), "x"), 1),), wanted=i + 1) for i in range(6)]
    found = repairs.search(promised, {(str(i), "x"): 0 for i in range(6)})
    assert (found.repairs, found.note) == ((), repairs.TOO_MANY)


def test_the_stories_of_one_wrong_total_name_it() -> None:
    edition = invent(2)
    edition.totals[4] += 10
    rows = findings(edition.text())
    (row,) = rows["grand_total", None]
    explained = json.loads(str(row["repairs"]))
    assert explained["table"]["cells"] == 1
    assert [story["changes"][0]["column_name"] for story in explained["stories"]] == ["deployed_total"]
    assert [entry["value"] for entry in explained["stories"][0]["agrees_with"]]
    assert "10 too high" in explained["stories"][0]["story"]
