"""Taking editions out and bringing vintages back: new vintages that no build undoes by itself."""

from typing import Any

import pytest

from pipelines.lake import Authorship, Lake
from pipelines.lake.decision import Copy
from pipelines.model import Recorded
from schemas.errors import JvomError, UsageError
from tests.support import building, lakes
from tests.support.building import VERSIONS
from tests.support.cases import cases

UNTSO = {"mission_id": "untso", "mission_as_printed": "UNTSO", "deployed_military": 32}
BY = Authorship("tester", "run")
REASON = "the report was recalled"


def put(lake: Lake, text: str, code: str = VERSIONS.code, *, recheck: bool = False, **row: Any) -> Recorded:
    """Record 2024 as read from a file that says `text`, with changed values of its one row."""
    read = building.edition_tables(2024, [{**UNTSO, **row}], source=building.source_file(2024, text))
    return lakes.put(lake, read, text, recheck=recheck, code=code)


def test_a_withdrawn_edition_comes_back_by_other_bytes_alone(lake: Lake) -> None:
    put(lake, "one")
    lake.decide("withdraw", 2024, REASON, by=BY)
    for code, figure in ((VERSIONS.code, 32), ("1" * 12, 32), ("2" * 12, 99)):
        assert not put(lake, "one", code, deployed_military=figure).written
    corrected = put(lake, "two", deployed_military=33)
    assert (corrected.vintage, corrected.cause) == (3, "source changed")
    assert lake.read()["editions_vintages"]["withdrawn"].to_pylist() == [False, True, False]


def test_a_restored_vintage_stands_against_what_was_known_and_gives_way_to_what_is_new(lake: Lake) -> None:
    put(lake, "one")
    put(lake, "one", "1" * 12, deployed_military=99)
    put(lake, "one", "2" * 12, deployed_military=99)  # the same rows: a verification
    assert lake.decide("restore", 2024, "the new code misreads it", vintage=1, by=BY).vintage == 3
    for code in ("1" * 12, "2" * 12):
        assert not put(lake, "one", code, deployed_military=99).written
        assert not put(lake, "one", code, deployed_military=99, recheck=True).written
    better = put(lake, "one", "3" * 12, deployed_military=31)
    assert (better.vintage, better.cause) == (4, "code changed")
    assert better.reason == f"reading code {'2' * 12} → {'3' * 12}"


@cases("done", "wish", "vintage", "words")
def test_what_cannot_be_done_is_refused(
    lake: Lake, done: list[str], wish: str, vintage: int | None, words: str
) -> None:
    for step in done:
        if step == "withdraw":
            lake.decide("withdraw", 2024, REASON, by=BY)
        else:
            put(lake, step)
    head = lake.head()
    decide = {
        "withdraw": lambda: lake.decide("withdraw", 2024, REASON, by=BY),
        "restore": lambda: lake.decide("restore", 2024, REASON, vintage=vintage, by=BY),
    }
    with pytest.raises(UsageError, match=words):
        decide[wish]()
    assert lake.head() == head


def test_a_release_comes_back_in_one_commit(lake: Lake) -> None:
    """Editions that came, changed or went since are as they were; one that is the same stays as it is."""
    for step in lakes.PLAN[:2]:
        lakes.record(lake, step)
    first = {"release_id": "a" * 12, "vintages": [(2021, 1), (2022, 1)]}
    lake.add_release({**lakes.RELEASE, **first})
    for step in (lakes.PLAN[2], lakes.PLAN[4]):
        lakes.record(lake, step)
    assert lake.copies_back("a" * 12) == [Copy("restore", 2021, 1), Copy("withdraw", 2023, 1)]
    done = lake.roll_back("a" * 12, "wrong since", BY)
    assert [(each.edition_year, each.vintage) for each in done] == [(2021, 3), (2023, 2)]
    assert len({each.snapshot_id for each in done}) == 1
    read = lake.read()
    assert lakes.incomplete(read) == []
    assert read["vintages"]["reason"].to_pylist()[2] == (
        f"vintage 1 restored: back to release {'a' * 12}, wrong since"
    )
    states = lake.edition_states()
    assert {year: state.cause for year, state in states.items() if state.decided_by_hand} == {
        2021: "restored",
        2023: "withdrawn",
    }
    assert lakes.put(lake, building.edition_tables(2024, [UNTSO]), "one").written  # the next commit finds all
    assert lake.edition_state(2021) == states[2021]
    lake.add_release({**lakes.RELEASE, "release_id": "b" * 12, "vintages": [(2021, 3), (2022, 1)]})
    assert lake.roll_back("b" * 12, "again", BY)[0].edition_year == 2024
    assert lake.roll_back("a" * 12, "it is so already", BY) == []


def test_a_recheck_is_noted_each_time_and_other_rows_are_an_error(lake: Lake) -> None:
    put(lake, "one")
    for _ in range(2):
        assert not put(lake, "one", recheck=True).written
    checks = lake.read()["verifications"].to_pylist()
    assert [(row["kind"], row["edition_year"]) for row in checks] == [("read again", 2024)] * 2
    assert checks[0]["result"].startswith("the same rows as vintage 1")
    with pytest.raises(JvomError, match="reads differently now"):
        put(lake, "one", recheck=True, deployed_military=1)
