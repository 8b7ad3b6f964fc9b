"""Refused documents: their reports, and that a build with some of them goes on and changes nothing else."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import duckdb
import pytest

import schemas
from pipelines import quarantine
from pipelines import validate as validated
from pipelines.model import Versions
from pipelines.settings import Settings, find
from schemas.errors import JvomError, LakeError, LayoutError, Problems
from tests.support import ROOT, Jvom
from tests.support.building import edition_tables
from tests.support.reports import ABRIDGED, read_document, report, source_of

VERSIONS = Versions("c0de", "4e9", "dec1")
REFUSED = report().replace("UNIFIL 1 2 4 8 12", "UNIFOL 1 2 4 8 12")
TWO = Problems(
    [
        LayoutError("a *first* thing", file="report.txt", page=1, line=2, hint="look\n    [[entry]]"),
        LayoutError("a second thing"),
    ]
)


def put(folder: Path, error: JvomError = TWO, text: str = REFUSED, run_id: str = "run") -> Path:
    return quarantine.put(
        folder,
        source_of(text.encode()),
        error,
        document=read_document(text),
        asset="tables",
        run_id=run_id,
        versions=VERSIONS,
    )


def test_a_report_holds_the_lines_and_every_problem(tmp_path: Path) -> None:
    folder = put(tmp_path)
    assert folder == tmp_path / f"2024-{source_of(REFUSED.encode()).sha256[:8]}"
    written = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert [problem["message"] for problem in written["problems"]] == ["a *first* thing", "a second thing"]
    assert written["problems"][0]["line"] == 2
    assert [text for _, _, text in written["lines"]] == REFUSED.splitlines()
    shown = (folder / "report.md").read_text(encoding="utf-8")
    for words in ("2 problems", "page 1, line 2", "    a *first* thing", "        [[entry]]", ">     2 |"):
        assert words in shown
    (listed,) = quarantine.refusals(tmp_path)
    assert (listed.asset, listed.text, listed.resolved_at) == ("tables", str(TWO), None)
    assert quarantine.report_of_run(tmp_path, "run") == str(folder / "report.md")
    assert quarantine.report_of_run(tmp_path, "other") is None


def test_a_second_refusal_of_the_same_bytes_takes_the_place_of_the_first(tmp_path: Path) -> None:
    put(tmp_path)
    put(tmp_path, LayoutError("something else"))
    (refused,) = quarantine.refusals(tmp_path)
    assert [problem["message"] for problem in refused.problems] == ["something else"]
    put(tmp_path, text=report())
    assert len(quarantine.refusals(tmp_path)) == 2


def test_what_is_accepted_later_is_marked_and_stays(tmp_path: Path) -> None:
    folder = put(tmp_path)
    assert len(quarantine.rows(tmp_path)) == 1
    assert quarantine.resolve(tmp_path, source_of(REFUSED.encode()))
    assert not quarantine.resolve(tmp_path, source_of(REFUSED.encode()))
    assert not quarantine.resolve(tmp_path, source_of(b"never refused"))
    (refused,) = quarantine.refusals(tmp_path)
    assert refused.resolved_at
    assert [text for _, _, text in refused.lines] == REFUSED.splitlines()
    assert "accepted at" in (folder / "report.md").read_text(encoding="utf-8")
    assert quarantine.rows(tmp_path) == []


def test_rows_keep_their_contract(tmp_path: Path) -> None:
    put(tmp_path)
    contract = schemas.REFUSALS["quarantine"]
    table = contract.table(quarantine.rows(tmp_path))
    assert validated.contract_failures(contract, table) == []
    assert table["problems"].to_pylist() == [["a *first* thing", "a second thing"]]


def test_failing_rows_are_problems_each(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"mission_id": "unifil", "deployed_military": -1},
        {"mission_id": "undof", "deployed_military": -2},
    ]
    failures = validated.failures(edition_tables(2024, rows), {"unifil", "undof"})
    put(tmp_path, validated.refusal(failures, "report.txt"))
    (refused,) = quarantine.refusals(tmp_path)
    assert len(refused.problems) == len(failures) > 1
    assert any("unifil" in p["message"] and p["line"] == 100 for p in refused.problems)


def test_a_refusal_that_cannot_be_written_is_still_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(LakeError, match="a second thing"):
        put(tmp_path / "file")


def test_a_damaged_report_is_left_out(tmp_path: Path) -> None:
    (put(tmp_path) / "report.json").write_text("{", encoding="utf-8")
    assert quarantine.refusals(tmp_path) == []
    assert quarantine.refusals(tmp_path / "absent") == []


# The whole way.


@pytest.fixture
def own(built: Path, tmp_path: Path) -> Settings:
    """A warehouse and a raw/ that a test may write to, as a build left them."""
    shutil.copytree(built, tmp_path / "warehouse")
    shutil.copytree(ROOT / "raw", tmp_path / "raw")
    return find(tmp_path / "raw", tmp_path / "warehouse")


def options(settings: Settings) -> tuple[object, ...]:
    return "--raw", settings.raw, "--warehouse", settings.warehouse


def answer(done: subprocess.CompletedProcess[str]) -> Any:
    return json.loads(done.stdout)


def hashes(settings: Settings) -> dict[str, str]:
    """Lake and published file, byte by byte; SQLite touches its `-shm` and the lock is not content."""
    files = [settings.published, *(settings.warehouse / "lake").rglob("*")]
    kept = [
        f for f in files if f.is_file() and not f.name.endswith(("-shm", "-wal", ".lock", ".holder.json"))
    ]
    return {str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in kept}


def mutated(old: str, new: str) -> str:
    text = ABRIDGED.read_text(encoding="utf-8")
    assert text.count(old) == 1
    return text.replace(old, new)


def test_a_build_goes_on_without_what_is_refused(own: Settings, jvom: Jvom) -> None:
    for year, text in {
        2021: "",
        2022: mutated("UNTSO 12 32 32", "UNTZO 12 32 32").replace("GPOI 4 6 6", "GPOJ 4 6 6"),
        2023: mutated("2695 31 augustus 2024", "2695 31 juni 2024"),
    }.items():
        (own.raw / str(year)).mkdir()
        (own.raw / str(year) / "report.txt").write_text(text, encoding="utf-8")
    good = mutated("UNTSO 12 32 32", "UNTSO 12 33 33")
    (own.raw / "2024" / ABRIDGED.name).write_text(
        good.replace("Totaal 1510 22 3454 29 3473", "Totaal 1510 22 3455 29 3474"), encoding="utf-8"
    )
    done = jvom("build", *options(own), "--json")
    assert done.returncode == 1
    written = answer(done)
    outcomes = {outcome["edition_year"]: outcome for outcome in written["editions"]}
    assert (outcomes[2024]["vintage"], outcomes[2024]["error"]) == (2, None)
    for words in ("raw/2021/report.txt: is empty", "UNTZO", "GPOJ", "report.md"):
        assert words in written["error"]["message"]

    listed = answer(jvom("quarantine", *options(own), "--json"))
    assert [(one["edition_year"], one["asset"]) for one in listed] == [(2022, "tables"), (2023, "tables")]
    assert [len(one["problems"]) for one in listed] == [2, 1]
    for one in listed:
        assert one["text"] == outcomes[one["edition_year"]]["error"]
        assert Path(one["report"]).is_file()
        assert one["report"] == outcomes[one["edition_year"]]["quarantine"]
    with duckdb.connect(str(own.published), read_only=True) as connection:
        rows = connection.execute("SELECT edition_year, len(problems) FROM quarantine ORDER BY 1").fetchall()
    assert rows == [(2022, 2), (2023, 1)]

    before = hashes(own)
    again = jvom("build", *options(own))
    assert again.returncode == 1
    assert "edition 2022 was refused" in again.stderr
    assert "views and published file" not in again.stderr
    assert hashes(own) == before
