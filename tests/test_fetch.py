"""`jvom fetch`, from an empty warehouse to a published edition, against a server on the loopback."""

import datetime
import hashlib
import json
import os
import shutil
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from pipelines import raw
from pipelines.acquire import cassette
from pipelines.cli import app
from pipelines.lake import Lake
from pipelines.orchestration.plan import plan_build
from pipelines.settings import Settings, find
from schemas import registry
from schemas.report_day import latest, report_day
from tests.renditions import drawn
from tests.renditions.real import content_of
from tests.support import Jvom, answer, options
from tests.support.parliament import (
    LETTER,
    SENT,
    SRU,
    V4,
    V5,
    Fault,
    Paper,
    Parliament,
    edition,
    redirect,
    send,
    sibling,
)
from tests.support.reports import abridged

pytestmark = pytest.mark.usefixtures("without_child")


REPORTLAB = 2  # a seed of the renderer that needs no library of the system


@pytest.fixture
def where(tmp_path: Path) -> Settings:
    (tmp_path / "raw").mkdir()
    return find(tmp_path / "raw", tmp_path / "warehouse")


def fetch(where: Settings, *arguments: object, year: int = 2025) -> int:
    """The exit status of one fetch, in this process."""
    return app.main([str(word) for word in ("fetch", year, *arguments, *options(where))])


def files(where: Settings) -> dict[str, bytes]:
    """Everything in raw/ except hidden files."""
    return {
        str(path.relative_to(where.raw)): path.read_bytes()
        for path in where.raw.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }


def locked(where: Settings) -> list[str]:
    return [entry.path for entry in raw.lock_entries(where.raw)[2025]]


@pytest.mark.commands
def test_one_command_fetches_locks_reads_and_publishes_and_the_second_does_nothing(
    parliament: Parliament, where: Settings, jvom: Jvom
) -> None:
    def fetch_and_build() -> Any:
        return answer(jvom("fetch", 2024, "--build", "--json", *options(where)))

    content = content_of(abridged(), registry.load().layouts[0])
    report = send(parliament, drawn(content, REPORTLAB).data, day="2024-05-15")
    name = f"2024/{report.entity['Nummer']}.pdf"
    first = fetch_and_build()
    assert (first["fetched"]["new"], first["fetched"]["path"]) == (True, f"raw/{name}")
    assert [(o["edition_year"], o["vintage"], o["cause"]) for o in first["editions"]] == [
        (2024, 1, "first reading")
    ]
    before = files(where)
    assert set(before) == {name, "sources.lock", "fetched.json"}
    assert before[name] == report.body
    (entry,) = raw.lock_entries(where.raw)[2024]
    assert (entry.path, entry.format) == (f"raw/{name}", "pdf")
    assert entry.sha256 == hashlib.sha256(report.body).hexdigest()

    trace = answer(jvom("trace", "untso", 2024, "deployed_military", "--json", *options(where)))
    (reading,) = trace["readings"]
    (cell,) = reading["cells"]
    (piece,) = cell["pieces"]
    assert (cell["value"], piece["marked"], piece["page"]) == ("32", "32", 2)
    box = piece["box"]
    assert 0 < box["x0"] < box["x1"] < 1200
    assert 0 < box["y0"] < box["y1"] < 1200

    second = fetch_and_build()
    assert (second["nothing_new"], second["fetched"]["new"]) == (True, False)
    assert files(where) == before

    report.body += b"\n"  # parliament replaces the document
    assert fetch(where, year=2024) == 0
    after = files(where)
    assert (after[name], after[name.replace(".pdf", "-2.pdf")]) == (before[name], report.body)
    assert len(raw.lock_entries(where.raw)[2024]) == 2
    (due,) = plan_build(where).editions
    assert due.source.sha256 == hashlib.sha256(report.body).hexdigest()


def test_a_dry_run_writes_nothing_and_a_fetch_records_its_choice_with_reasons(
    parliament: Parliament, where: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    report = send(parliament)
    number = report.entity["Nummer"]
    assert fetch(where, "--dry-run", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["new"], document["dry_run"], document["document"]) == (True, True, number)
    assert fetch(where, "--dry-run") == 0
    assert "nothing was written" in capsys.readouterr().err
    assert files(where) == {}
    assert not where.warehouse.exists()

    assert fetch(where) == 0
    captured = capsys.readouterr()
    assert "Voortgangsrapportage EUFOR Althea" in captured.out
    assert f"looking at {number}" in captured.err
    assert "is new" in captured.err
    assert "tweede kamer (OData v5) listed 4 documents" in captured.err
    (record,) = json.loads(files(where)["fetched.json"])["2025"]
    assert (record["document"], record["letter"]) == (number, "kst-29521-495")
    assert record["address"].endswith(f"Document({report.guid})/resource")
    assert "the only one" in record["chosen"]
    assert record["asked"] == ["tweede kamer (OData v5) listed 4 documents"]
    assert len(record["considered"]) == 4
    assert all(considered["reasons"] for considered in record["considered"])


def break_off(report: Paper, parliament: Parliament) -> None:
    parliament.fault(report, *[Fault(cut_after=20)] * 9)
    parliament.fault(SRU, *[Fault(status=503)] * 9)


def wrong_document(report: Paper, _parliament: Parliament) -> None:
    report.body = sibling()


@pytest.mark.parametrize(
    ("wrong", "status", "words"),
    [
        (break_off, 3, "cut the connection"),
        (wrong_document, 1, "no report found for edition 2025"),
    ],
)
def test_a_fault_ends_in_a_clear_message_with_nothing_half_written(
    parliament: Parliament,
    where: Settings,
    capsys: pytest.CaptureFixture[str],
    wrong: Callable[[Paper, Parliament], None],
    status: int,
    words: str,
) -> None:
    wrong(send(parliament), parliament)
    assert fetch(where, "--build") == status
    error = capsys.readouterr().err
    assert words in error
    assert "next:" in error
    assert "Traceback" not in error
    assert files(where) == {}
    assert not where.published.exists()


def test_offline_is_one_plain_sentence_and_what_is_there_still_builds(
    where: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    os.environ["JVOM_FETCH_ATTEMPTS"] = "1"
    assert fetch(where) == 3
    sentence, hint = capsys.readouterr().err.strip().splitlines()
    assert sentence.startswith("error: edition 2025 cannot be looked for: 127.0.0.1:9 cannot be reached")
    assert "what is in raw/ builds without one" in hint
    (where.raw / "2025").mkdir()
    (where.raw / "2025" / "by-hand.txt").write_bytes(edition())
    assert app.main(["build", "--dry-run", *map(str, options(where))]) == 0


@pytest.mark.commands
def test_two_fetches_and_a_build_of_the_year_at_once_bring_it_in_once(
    parliament: Parliament, where: Settings, jvom: Jvom
) -> None:
    """Three processes; one runs the year as a backfill does, from a file put there by hand."""
    report = send(parliament)
    raw.add(where.raw, 2025, "by-hand.txt", edition(11))
    commands = [("fetch", 2025), ("fetch", 2025), ("build", "--year", 2025)]
    with ThreadPoolExecutor(3) as threads:
        done = list(threads.map(lambda command: jvom(*command, *options(where)), commands))
    assert [one.returncode for one in done] == [0, 0, 0], [one.stderr for one in done]
    entries = raw.lock_entries(where.raw)[2025]
    fetched = [entry.sha256 for entry in entries if "by-hand" not in entry.path]
    assert fetched == [hashlib.sha256(report.body).hexdigest()]
    assert len(json.loads(files(where)["fetched.json"])["2025"]) == 1
    assert set(locked(where)) == {f"raw/{name}" for name in files(where) if name.endswith(".txt")}
    assert len(entries) == 2


def test_what_a_fetch_that_died_left_undone_is_made_good(parliament: Parliament, where: Settings) -> None:
    """First its file is not locked, then the locked file is gone."""
    report = send(parliament)
    raw.add(where.raw, 2025, f"{report.entity['Nummer']}.txt", report.body)
    assert fetch(where) == 0
    before = files(where)
    assert len(locked(where)) == 1
    assert len(json.loads(before["fetched.json"])["2025"]) == 1
    (path,) = (where.raw / "2025").glob("*.txt")
    path.unlink()
    assert fetch(where) == 0
    assert files(where) == before


@pytest.mark.commands
def test_an_edition_may_come_again_from_the_other_service_and_gives_no_vintage(
    parliament: Parliament, where: Settings, jvom: Jvom
) -> None:
    """The repository renders the same document anew: other bytes, the same rows."""
    report = send(parliament)
    assert fetch(where) == 0
    assert answer(jvom("build", "--json", *options(where)))["editions"][0]["vintage"] == 1
    report.body += b"\n"
    assert fetch(where, "--service", "publications") == 0
    (again,) = answer(jvom("build", "--json", *options(where)))["editions"]
    assert (again["vintage"], again["written"]) == (1, False)
    lake = Lake(where.catalog, where.data)
    (verified,) = lake.read()["verifications"].to_pylist()
    for name in (report.entity["Nummer"], report.kst):
        assert f"raw/2025/{name}.txt" in verified["result"]
    assert verified["source_sha256"] == hashlib.sha256(report.body).hexdigest()
    assert plan_build(where).is_empty
    (where.raw / "2025" / f"{report.entity['Nummer']}.txt").unlink()  # the other takes its place
    (now,) = answer(jvom("build", "--json", *options(where)))["editions"]
    assert (now["vintage"], now["cause"]) == (2, "source changed")


def test_a_word_file_is_taken_unless_another_service_has_the_pdf(
    parliament: Parliament, where: Settings
) -> None:
    pytest.importorskip("docx", reason="python-docx is not installed: ./setup test installs it")
    from tests.test_word_file import word

    content = content_of(abridged(), registry.load().layouts[0])
    report = send(parliament, word(content, 3), day="2024-05-15")
    pdf = drawn(content, REPORTLAB).data
    parliament.gone = {SRU: Fault(status=503)}
    assert fetch(where, year=2024) == 0
    assert set(files(where)) >= {f"2024/{report.entity['Nummer']}.docx"}
    (due,) = plan_build(where).editions
    assert due.source.format == "docx"
    parliament.gone = {}
    parliament.fault(report, Fault(), Fault(body=pdf))  # the repository has it as a PDF
    assert fetch(where, year=2024) == 0
    assert files(where)[f"2024/{report.kst}.pdf"] == pdf
    (due,) = plan_build(where).editions
    assert due.source.fidelity == "official file"


def test_every_fetch_leaves_what_it_exchanged_to_be_played_back(
    parliament: Parliament, where: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    report = send(parliament)
    parliament.fault(V5, Fault(status=503, headers=(("Retry-After", "1"), ("Set-Cookie", "session=hush"))))
    parliament.fault(report, redirect(f"/frbr/{report.guid}.pdf?sig=hush&operation=get"))
    assert fetch(where) == 0
    file = where.downloads / "2025.cassette.zip"
    with zipfile.ZipFile(file) as tape:
        texts = [tape.read(name).decode() for name in tape.namelist()]
        assert "hush" not in "".join(texts)
        assert os.uname().nodename not in "".join(texts)
        run = json.loads(tape.read("run.json"))
        assert run["outcome"].startswith("of 4 documents")
    kept = file.read_bytes()
    report.body = b"what is there now does not count"
    for paths in (files(where), {}):
        if not paths:
            shutil.rmtree(where.raw)
            where.raw.mkdir()
        capsys.readouterr()
        asked = len(parliament.requests)
        assert fetch(where, "--replay", file, "--json") == 0
        document = json.loads(capsys.readouterr().out)
        assert (document["document"], document["new"]) == (report.entity["Nummer"], not paths)
        assert len(parliament.requests) == asked
        assert files(where) == paths
    assert file.read_bytes() == kept


def test_a_fetch_that_fails_leaves_its_evidence(
    parliament: Parliament, where: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    send(parliament)
    parliament.gone = {V5: Fault(silent=True), V4: Fault(status=410), SRU: Fault(status=500)}
    os.environ["JVOM_FETCH_TIMEOUT"] = "0.3"
    assert fetch(where) == 3
    error = capsys.readouterr().err
    file = where.downloads / "2025.cassette.zip"
    assert f"to report it, attach {file}" in error
    assert fetch(where, "--replay", file) == 3
    again = capsys.readouterr().err
    for part in ("fell silent, 2 times", "answers 410", "answers 500"):
        assert part in error
        assert part in again
    file.write_bytes(b"no tape")
    assert fetch(where, "--replay", file) == 1
    assert "is not a cassette of a fetch" in capsys.readouterr().err


def test_a_cassette_has_its_bound(parliament: Parliament, where: Settings) -> None:
    letter = parliament.letter(495, SENT, LETTER)
    for _ in range(3):
        parliament.attach(letter, os.urandom(8_000_000).replace(b"\0", b"x"))
    parliament.attach(letter, edition())
    assert fetch(where) == 0
    assert 16_000_000 < (where.downloads / "2025.cassette.zip").stat().st_size <= cassette.LARGEST


def test_a_check_says_which_assumptions_hold(
    parliament: Parliament, where: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    day = report_day(latest(datetime.date.today()))
    send(parliament, day=day.isoformat())

    def check() -> tuple[int, list[bool]]:
        status = app.main(["fetch", "--check", "--json", *map(str, options(where))])
        return status, [probe["holds"] for probe in json.loads(capsys.readouterr().out)]

    assert check() == (0, [True] * 5)
    parliament.attached = False
    assert check() == (0, [False, True, True, True, True])
    parliament.gone = dict.fromkeys((V4, SRU), Fault(status=503))
    assert check() == (3, [False] * 3)
    assert files(where) == {}
