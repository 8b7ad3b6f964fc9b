"""Findings as users meet them: `jvom findings`, and checks in Dagster."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines import reconcile as reconciled
from pipelines.cli import app as cli
from pipelines.publish import published
from tests.support import ROOT, building
from tests.support.cases import cases, tables

Asked = Callable[..., tuple[int, str, str]]

REPAIRS = tables("findings")["REPAIRS"]
TEXT = {"table_name": "sections", "row_key": "2.1", "value": "4", "page": None, "line": 40, "text": "vier"}


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A published file with a finding of each severity in one edition, and none looked for in another."""
    folder = tmp_path_factory.mktemp("findings")
    rows = [{"mission_id": "unifil", "deployed_military": 3}, {"mission_id": "undof", "deployed_military": 1}]
    about = {"edition_year": 2024, "mission_id": "unifil"}
    found: dict[str, list[dict[str, Any]]] = {
        "findings": [
            {**about, "severity": "info", "rule": "coverage", "side_b": TEXT},
            {**about, "severity": "warn", "rule": "frame_narrative", "mission_id": "undof", "side_b": TEXT},
            {**about, "repairs": json.dumps(REPAIRS)},
            {**about, "rule": "grand_total", "mission_id": None, "repairs": json.dumps(REPAIRS)},
        ],
        "statements": [about],
        "unread_sentences": [{**about, "mission_ids": ["unifil"], "as_printed": "Drie gingen mee."}],
    }
    base = building.base_tables(*(building.edition_tables(year, rows) for year in (2023, 2024)), found=found)
    return building.publish(folder / "jvom.duckdb", base).parent


@pytest.fixture
def ask(warehouse: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Asked:
    """Runs `jvom findings` in this process: status, answer, messages."""
    monkeypatch.chdir(ROOT)

    def asked(*arguments: object) -> tuple[int, str, str]:
        status = cli.main(["findings", *map(str, arguments), "--warehouse", str(warehouse)])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return asked


def test_the_worst_come_first_with_both_sides(ask: Asked) -> None:
    status, out, _ = ask()
    assert status == 0
    lines = out.splitlines()
    assert [line.split()[:2] for line in lines if line[:5] in ("error", "warn ", "info ")] == [
        ["error", "grand_total,"],
        ["error", "row_total,"],
        ["warn", "frame_narrative,"],
        ["info", "coverage,"],
    ]
    assert "       page 17, line 100: “3” (personnel, unifil, deployed_total = 3)" in lines
    assert "       line 40: “vier” (sections, 2.1 = 4)" in lines
    assert "2024: 4 findings (2 error, 1 warn, 1 info); 1 figures understood" in out
    assert "2023: not looked at yet" in out


def test_stories_that_findings_share_are_listed_once_and_none_is_chosen(ask: Asked) -> None:
    _, out, _ = ask(2024)
    assert out.count("the row total of UNIFIL is 10 too low") == 1
    assert "edition 2024, grand_total, row_total: the smallest explanations, none of them applied" in out
    for words in (
        "the table alone: 3 cells to change, in 9 ways",
        "unifil, deployed_total: 734 → 744 (line 100)",
        "agrees with line 12: “3483 militairen”",
        "contradicts line 14: “3473 militairen”",
        "with line 12, “3483”: 4 cells to change, in one way",
        "with line 14, “3473”: more than five cells",
    ):
        assert words in out


def test_filters_and_json(ask: Asked) -> None:
    def rules(*arguments: object) -> list[str]:
        status, out, _ = ask(*arguments, "--json")
        assert status == 0
        return [row["rule"] for row in json.loads(out)]

    assert rules() == ["grand_total", "row_total", "frame_narrative", "coverage"]
    assert rules("--mission", "UNDOF") == ["frame_narrative"]
    assert rules("--rule", "coverage") == ["coverage"]
    assert rules(2023) == []
    (row,) = json.loads(ask("--rule", "row_total", "--json")[1])
    assert row["repairs"] == REPAIRS
    assert row["side_a"]["line"] == 100
    assert row["side_b"] is None


def test_unread_sentences_are_listed_and_counted(ask: Asked) -> None:
    _, out, _ = ask(2024, "--unread")
    assert "page 2, line 40 (unifil)" in out
    assert "“Drie gingen mee.”" in out
    assert "2024: 1 sentences" in out
    assert json.loads(ask("--unread", "--mission", "undof", "--json")[1]) == []


@cases("arguments", "words")
def test_what_there_is_not_is_status_2(ask: Asked, arguments: tuple[object, ...], words: list[str]) -> None:
    status, _, err = ask(*arguments)
    assert status == 2
    for word in words:
        assert word in err


def test_a_file_from_before_there_were_findings_asks_for_a_build(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    duckdb.connect(str(tmp_path / "jvom.duckdb")).close()
    assert cli.main(["findings", "--warehouse", str(tmp_path)]) == 3
    assert "next: run jvom build" in capsys.readouterr().err


def test_a_real_run_shows_every_rule_as_a_check_that_only_warns(
    built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import dagster as dg

    from pipelines.orchestration import keys

    monkeypatch.setenv("DAGSTER_HOME", str(built / "dagster"))
    with dg.DagsterInstance.get() as instance:
        runs = instance.get_runs()
        assert {run.status for run in runs} == {dg.DagsterRunStatus.SUCCESS}
        events = [event.dagster_event for run in runs for event in instance.all_logs(run.run_id)]
    evaluations = [
        event.asset_check_evaluation_data
        for event in events
        if event is not None and event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION
    ]
    shown = {found.check_name: found for found in evaluations if found.asset_key == keys.RECONCILED}
    of_views = {found.check_name for found in evaluations if found.asset_key == keys.VIEWS["findings"]}
    assert of_views == {"contract", *(rule.name for rule in reconciled.RULES if rule.across)}
    rules = {rule.name for rule in reconciled.RULES if not rule.across}
    assert shown.keys() == {"contract", *rules}
    assert {shown[rule].severity for rule in rules} == {dg.AssetCheckSeverity.WARN}
    assert not any(shown[rule].blocking for rule in rules)

    row_total = shown["row_total"]
    assert not row_total.passed
    assert row_total.partition == "2024"
    assert row_total.metadata["count"].value == 1
    (record,) = row_total.metadata["findings"].value.records
    assert (record.data["mission_id"], record.data["a_value"]) == ("anti-isis-irak", "734")
    assert record.data["a_line"] == 1602
    assert record.data["b_value"] == "744"

    with published.connect(built / "jvom.duckdb") as connection:
        counted = dict(
            connection.execute("SELECT rule, count(*) FROM findings_vintages GROUP BY rule").fetchall()
        )
        ((unread,),) = connection.execute("SELECT count(*) FROM record.unread_sentences").fetchall()
    counts = {rule: shown[rule].metadata["count"].value for rule in rules}
    assert {rule: count for rule, count in counts.items() if count} == counted
    of_text = {rule.name for rule in reconciled.RULES if rule.of_text}
    not_whole = {rule for rule in rules if not shown[rule].passed}
    assert not_whole == counted.keys() | (of_text if unread else set())
    assert {shown[rule].metadata["unread_sentences"].value for rule in of_text} == {unread}


@pytest.mark.parametrize(("unread", "passed"), [(0, True), (3, False)])
def test_a_rule_of_the_text_passes_only_if_all_of_it_was_read(unread: int, passed: bool) -> None:
    from pipelines.orchestration import keys, metadata

    by_name = {rule.name: rule for rule in reconciled.RULES}
    assert metadata.rule_result(keys.RECONCILED, by_name["prose_total"], [], unread).passed is passed
    assert metadata.rule_result(keys.RECONCILED, by_name["row_total"], [], unread).passed
