"""Invented editions: consistent ones give no finding, and each contradiction planted in one is found."""

from __future__ import annotations

import datetime
import random
from collections.abc import Callable

import pytest

from pipelines import reconcile as reconciled
from tests.support.reconciling import Invented, InventedEdition, findings, invent, printed, reconcile, spelt

SEEDS = range(12)
LATER = datetime.timedelta(days=200)


@pytest.mark.parametrize("seed", range(25))
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
    for seed in SEEDS:
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
    rules = {rule.name for rule in reconciled.RULES}
    for rows, key in ((result.findings, "finding_id"), (result.statements, "statement_id")):
        assert len({row[key] for row in rows}) == len(rows)
    assert {row["rule"] for row in result.findings} <= rules
    order = [("error", "warn", "info").index(str(row["severity"])) for row in result.findings]
    assert order == sorted(order)
