"""Refused documents: their reports. That a build goes on without them is in `test_build`."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import schemas
from pipelines import quarantine
from pipelines import validate as validated
from pipelines.cli import app
from pipelines.model import Versions
from schemas.errors import JvomError, LakeError, LayoutError, Problems
from tests.support.building import edition_tables
from tests.support.reports import read_document, report, source_of

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


@pytest.mark.parametrize("accepted", [REFUSED.encode(), b"other bytes of the same edition"])
def test_what_is_accepted_later_is_marked_and_stays(tmp_path: Path, accepted: bytes) -> None:
    folder = put(tmp_path)
    assert len(quarantine.rows(tmp_path)) == 1
    quarantine.resolve(tmp_path, replace(source_of(REFUSED.encode()), edition_year=2001))
    assert len(quarantine.rows(tmp_path)) == 1
    quarantine.resolve(tmp_path, source_of(accepted))
    (refused,) = quarantine.refusals(tmp_path)
    assert refused.resolved_at
    assert [text for _, _, text in refused.lines] == REFUSED.splitlines()
    same = accepted == REFUSED.encode()
    assert refused.closed.startswith("these very bytes were accepted at" if same else "closed at"), accepted
    assert refused.closed in (folder / "report.md").read_text(encoding="utf-8")
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


@pytest.mark.parametrize("name", ["report.json", "report.md"])
def test_a_report_that_is_not_as_it_was_written_is_named(tmp_path: Path, name: str) -> None:
    folder = put(tmp_path, LayoutError("a thing"))
    assert list(quarantine.altered(tmp_path)) == []
    data = (folder / name).read_bytes()
    (folder / name).write_bytes(data.replace(b"a thing", b"a think", 1))
    assert [path for path, _ in quarantine.altered(tmp_path)] == [f"{folder.name}/{name}"]
    (folder / name).unlink()
    assert [path for path, _ in quarantine.altered(tmp_path)] == [f"{folder.name}/{name}"]


def test_one_that_was_not_meant_is_closed_by_hand_and_its_report_says_by_whom(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JVOM_ACTOR", "somebody")

    def run(*words: str) -> tuple[int, str]:
        status = app.main(["quarantine", *words, "--warehouse", str(tmp_path)])
        return status, "".join(capsys.readouterr())

    ingested = replace(source_of(REFUSED.encode()), path="warehouse/sources/0123")
    about = {"document": None, "asset": "tables", "versions": VERSIONS}
    folder = quarantine.put(tmp_path / "quarantine", ingested, TWO, run_id="run", **about)
    status, shown = run()
    assert f"jvom quarantine --close {folder.name} --reason WHY" in " ".join(shown.split())
    for wrong in (("--close", "2001-0", "--reason", "x"), ("--close", folder.name)):
        assert run(*wrong)[0] == 2, wrong
    status, shown = run("--close", folder.name, "--reason", "another report")
    assert (status, "by somebody: another report" in shown) == (0, True), shown
    assert "somebody: another report" in (folder / "report.md").read_text(encoding="utf-8")
    assert quarantine.rows(tmp_path / "quarantine") == []
    assert not [*quarantine.altered(tmp_path / "quarantine")]
    assert run() == (0, "nothing is in quarantine\n")
    of_raw = put(tmp_path / "quarantine", text=REFUSED + "\n").name
    status, shown = run("--close", of_raw, "--reason", "x")
    assert (status, "remove raw/" in shown) == (2, True), shown
