"""`jvom fetch`, from an empty warehouse to a published edition, against a server on the loopback."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from pipelines import raw
from pipelines.acquire import fetching
from pipelines.cli import app as cli
from pipelines.settings import Settings, find, network
from tests.support import Jvom
from tests.support.parliament import (
    LETTER,
    SEARCH,
    SENT,
    SRU,
    Fault,
    Paper,
    Parliament,
    edition,
    send,
    sibling,
)


@pytest.fixture
def parliament() -> Iterator[Parliament]:
    with Parliament() as served:
        os.environ.update(served.environment)
        yield served


@pytest.fixture
def own(tmp_path: Path) -> Settings:
    (tmp_path / "raw").mkdir()
    return find(tmp_path / "raw", tmp_path / "warehouse")


def run(own: Settings, *arguments: object) -> int:
    given = [*map(str, arguments), "--raw", str(own.raw), "--warehouse", str(own.warehouse)]
    return cli.main(given)


def told(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


def files(own: Settings) -> dict[str, bytes]:
    """Everything in raw/ but guards and the like."""
    return {
        str(path.relative_to(own.raw)): path.read_bytes()
        for path in own.raw.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }


def test_one_command_fetches_locks_ingests_and_publishes_and_the_second_does_nothing(
    parliament: Parliament, own: Settings, jvom: Jvom
) -> None:
    def fetch_and_build() -> dict[str, Any]:
        where = ("--raw", own.raw, "--warehouse", own.warehouse)
        done = jvom("fetch", 2025, "--build", "--json", *where)
        assert done.returncode == 0, done.stderr
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    report = send(parliament)
    name = f"2025/{report.entity['DocumentNummer']}.txt"
    first = fetch_and_build()
    assert first["fetched"]["new"]
    assert first["fetched"]["path"] == f"raw/{name}"
    assert [(o["edition_year"], o["vintage"], o["cause"]) for o in first["editions"]] == [
        (2025, 1, "first reading")
    ]
    assert own.published.exists()
    before = files(own)
    assert set(before) == {name, "sources.lock", "fetched.json"}
    assert before[name] == report.body
    (entry,) = raw.lock_entries(own.raw)[2025]
    assert entry.path == f"raw/{name}"

    second = fetch_and_build()
    assert (second["nothing_new"], second["fetched"]["new"]) == (True, False)
    assert files(own) == before

    report.body = edition(13)  # parliament replaces the document
    third = fetch_and_build()
    assert [(o["vintage"], o["cause"]) for o in third["editions"]] == [(2, "source changed")]
    after = files(own)
    assert after[name] == before[name]
    assert after[name.replace(".txt", "-2.txt")] == report.body
    assert len(raw.lock_entries(own.raw)[2025]) == 2


def test_the_choice_is_on_record_with_its_reasons(parliament: Parliament, own: Settings) -> None:
    report = send(parliament)
    assert run(own, "fetch", 2025) == 0
    (fetch,) = json.loads(files(own)["fetched.json"])["2025"]
    assert fetch["document"] == report.entity["DocumentNummer"]
    assert fetch["letter"] == "kst-29521-495"
    assert fetch["address"].endswith(f"Document({report.guid})/resource")
    assert "the only one" in fetch["chosen"]
    assert len(fetch["considered"]) == 4
    assert all(considered["reasons"] for considered in fetch["considered"])


def test_a_dry_run_writes_nothing(
    parliament: Parliament, own: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    report = send(parliament)
    assert run(own, "fetch", 2025, "--dry-run", "--json") == 0
    answer = told(capsys)
    assert (answer["new"], answer["dry_run"]) == (True, True)
    assert answer["document"] == report.entity["DocumentNummer"]
    assert files(own) == {}
    assert not own.warehouse.exists()


def test_build_and_dry_run_exclude_each_other(own: Settings) -> None:
    assert run(own, "fetch", 2025, "--build", "--dry-run") == 2
    assert run(own, "fetch", 1999) == 2


def test_progress_and_the_table_are_for_people(
    parliament: Parliament, own: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    report = send(parliament)
    assert run(own, "fetch", 2025) == 0
    captured = capsys.readouterr()
    assert "Voortgangsrapportage EUFOR Althea" in captured.out
    assert f"looking at {report.entity['DocumentNummer']}" in captured.err
    assert "is new" in captured.err


def break_off(report: Paper, parliament: Parliament) -> None:
    parliament.fault(report, *[Fault(cut_after=20)] * 9)
    parliament.fault(SRU, *[Fault(status=503)] * 9)


def web_page(report: Paper, parliament: Parliament) -> None:
    parliament.fault(report, *[Fault(body=b"<html>Storing</html>")] * 3)


def busy(_report: Paper, parliament: Parliament) -> None:
    parliament.fault(SEARCH, *[Fault(status=429, headers=(("Retry-After", "0"),))] * 9)
    parliament.fault(SRU, *[Fault(status=503)] * 9)


def elsewhere(report: Paper, parliament: Parliament) -> None:
    parliament.fault(report, *[Fault(status=302, headers=(("Location", "https://example.org/"),))] * 9)


def wrong_document(report: Paper, _parliament: Parliament) -> None:
    report.body = sibling()


@pytest.mark.parametrize(
    ("wrong", "status", "words"),
    [
        (break_off, 3, "cut the connection"),
        (web_page, 3, "is an HTML page"),
        (busy, 3, "answers 429"),
        (elsewhere, 3, "https://example.org"),
        (wrong_document, 1, "no report found for edition 2025"),
    ],
)
def test_a_fault_ends_in_a_clear_message_with_nothing_half_written(
    parliament: Parliament,
    own: Settings,
    capsys: pytest.CaptureFixture[str],
    wrong: Any,
    status: int,
    words: str,
) -> None:
    report = send(parliament)
    wrong(report, parliament)
    assert run(own, "fetch", 2025, "--build") == status
    error = capsys.readouterr().err
    assert words in error
    assert "next:" in error
    assert "Traceback" not in error
    assert files(own) == {}
    assert not own.published.exists()


def test_offline_is_one_plain_sentence_and_what_is_there_still_builds(
    own: Settings, capsys: pytest.CaptureFixture[str], jvom: Jvom
) -> None:
    os.environ["JVOM_FETCH_ATTEMPTS"] = "1"
    assert run(own, "fetch", 2025) == 3
    error = capsys.readouterr().err
    sentence, hint = error.strip().splitlines()
    assert sentence.startswith("error: edition 2025 cannot be looked for: 127.0.0.1:9 cannot be reached")
    assert "what is in raw/ builds without one" in hint
    (own.raw / "2025").mkdir()
    (own.raw / "2025" / "by-hand.txt").write_bytes(edition())
    done = jvom("build", "--raw", own.raw, "--warehouse", own.warehouse)
    assert done.returncode == 0, done.stderr


def test_two_fetches_and_a_build_of_the_year_at_once_bring_it_in_once(
    parliament: Parliament, own: Settings, jvom: Jvom
) -> None:
    """Three processes; one runs the year as a backfill does, from a file put there by hand."""
    report = send(parliament)
    raw.add(own.raw, 2025, "by-hand.txt", edition(11))
    where = ("--raw", own.raw, "--warehouse", own.warehouse)
    commands = [("fetch", 2025), ("fetch", 2025), ("build", "--year", 2025)]
    with ThreadPoolExecutor(3) as threads:
        done = list(threads.map(lambda command: jvom(*command, *where), commands))
    assert [one.returncode for one in done] == [0, 0, 0], [one.stderr for one in done]
    fetched = [entry for entry in raw.lock_entries(own.raw)[2025] if "by-hand" not in entry.path]
    assert [entry.sha256 for entry in fetched] == [hashlib.sha256(report.body).hexdigest()]
    assert len(raw.lock_entries(own.raw)[2025]) == 2
    assert len(json.loads(files(own)["fetched.json"])["2025"]) == 1
    assert {entry.path for entry in raw.lock_entries(own.raw)[2025]} == {
        f"raw/{name}" for name in files(own) if name.endswith(".txt")
    }


def test_a_fetch_that_died_before_the_lock_is_made_good(parliament: Parliament, own: Settings) -> None:
    report = send(parliament)
    raw.add(own.raw, 2025, f"{report.entity['DocumentNummer']}.txt", report.body)
    assert run(own, "fetch", 2025) == 0
    assert len(raw.lock_entries(own.raw)[2025]) == 1
    assert len(json.loads(files(own)["fetched.json"])["2025"]) == 1


def test_a_locked_file_that_is_gone_from_disk_comes_back_under_its_name(
    parliament: Parliament, own: Settings
) -> None:
    send(parliament)
    assert run(own, "fetch", 2025) == 0
    before = files(own)
    (path,) = (own.raw / "2025").glob("*.txt")
    path.unlink()
    assert run(own, "fetch", 2025) == 0
    assert files(own) == before


def test_once_it_came_from_parliament_the_other_way_is_not_taken(
    parliament: Parliament, own: Settings
) -> None:
    send(parliament)
    assert run(own, "fetch", 2025) == 0
    parliament.fault(SEARCH, *[Fault(status=503)] * 9)
    assert run(own, "fetch", 2025) == 3
    assert parliament.asked(SRU) == []


def test_a_replacement_sent_later_is_found_when_asked_for(parliament: Parliament, own: Settings) -> None:
    send(parliament)
    assert run(own, "fetch", 2025) == 0
    later = parliament.attach(parliament.letter(520, "2025-09-10", LETTER), edition(13))
    assert run(own, "fetch", 2025) == 0
    assert len(raw.lock_entries(own.raw)[2025]) == 1
    assert run(own, "fetch", 2025, "--thorough") == 0
    assert later.body in files(own).values()


def test_every_edition_in_the_catalogue_of_this_project_is_found_by_its_day(
    parliament: Parliament, own: Settings
) -> None:
    """None by its title: the letters here have none of the titles that the catalogue knows."""
    editions = raw.catalogue(Path(__file__).resolve().parent.parent / "raw")
    assert len(editions) == 19
    for year, known in editions.items():
        day = known.date_sent.isoformat() if known.date_sent else f"{year}{SENT[4:]}"
        letter = parliament.letter(year, day, LETTER, "Brief")
        parliament.attach(letter, edition(period=str(year - 1)), "Rapport")
    (own.raw / "sources.toml").write_bytes(Path("raw/sources.toml").read_bytes())
    for year in editions:
        assert fetching.fetch(own, network(), year, say=lambda _told: None).new, year
