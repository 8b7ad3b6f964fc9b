"""Findings as users meet them: `jvom findings`, and checks in Dagster."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

import schemas
from pipelines import reconcile as reconciled
from pipelines.cli import app as cli
from pipelines.lake import Authorship, Lake, decision
from pipelines.model import Recorded
from pipelines.publish import published, release, views
from pipelines.verify import complete
from tests.support import ROOT, building, lakes
from tests.support.building import RULES_VERSION, VERSIONS, found, found_tables
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


# What rules found: with the vintage in one commit, added to under other rules, shown by the last of them.


ROWS = [{"mission_id": "unifil", "deployed_military": 3}]
ABOUT = {"edition_year": 2024, "mission_id": "unifil"}
ALL = {name: [ABOUT] for name in schemas.RECONCILED}
OTHER_RULES = "2" * 12


def put(
    lake: Lake,
    read: building.Tables,
    rows: dict[str, list[dict[str, Any]]] | None = None,
    *,
    rules: str = RULES_VERSION,
    **changes: str,
) -> Recorded:
    """Record the tables of 2024 with what rules found in the ones that are kept."""
    source, versions = building.source_file(2024), dataclasses.replace(VERSIONS, **changes)
    _, content = lake.rows_after_recording(2024, read, source=source, versions=versions)
    results = found(ALL if rows is None else rows, rules_version=rules, content=content)
    return lakes.put(lake, read, results=results, **changes)


def shown(lake: Lake, name: str = "findings") -> list[dict[str, Any]]:
    """The rows of a view over what the lake holds."""
    base = {
        **lake.read(),
        **building.registry_tables({"unifil"}),
    }
    wanted = views.needed((*schemas.TABLES, *schemas.RECONCILED))
    rows: list[dict[str, Any]] = views.evaluate(base, wanted)[name].to_pylist()
    return rows


def test_findings_come_with_their_vintage_in_one_commit(lake: Lake) -> None:
    recorded = put(lake, building.edition_tables(2024, ROWS))
    assert (recorded.written, recorded.reconciled) == (True, False)
    back = lake.read()
    expected = found_tables(ALL)
    for name in schemas.RECONCILED:
        stored = back[f"{name}_vintages"]
        schemas.RELATIONS[f"{name}_vintages"].pandera.validate(stored)
        assert stored.to_pylist() == expected[f"{name}_vintages"].to_pylist()  # structs and lists too
    (looked,) = back["reconciliations"].to_pylist()
    assert (looked["findings"], looked["errors"], looked["warnings"], looked["statements"]) == (1, 1, 0, 1)
    assert looked["reconciled_at"] == back["vintages"]["recorded_at"][0].as_py()
    assert {entry["snapshot"] for entry in lake.stored_files()} == {recorded.snapshot_id}
    assert dict(back["vintages"]["row_counts"].to_pylist()[0]).keys() == schemas.TABLES.keys()


def test_findings_are_no_content(lake: Lake) -> None:
    read = building.edition_tables(2024, ROWS)
    first = put(lake, read)
    again = put(lake, read)
    assert (again.written, again.reconciled, again.vintage) == (False, False, first.vintage)
    assert lake.head() == f"vintage:2024:1:{building.source_file(2024).sha256[:8]}:" + ":".join(
        (VERSIONS.code, VERSIONS.registry, VERSIONS.declarations)
    )


@pytest.mark.commands
def test_other_rules_add_findings_and_make_no_vintage(lake: Lake) -> None:
    read = building.edition_tables(2024, ROWS)
    put(lake, read)
    others = {"findings": [{**ABOUT, "rule": "coverage"}, {**ABOUT, "severity": "warn"}]}
    anew = put(lake, read, others, rules=OTHER_RULES)
    assert (anew.written, anew.reconciled, anew.vintage) == (False, True, 1)
    back = lake.read()
    assert back["vintages"].num_rows == 1
    assert back["verifications"].num_rows == 0
    assert sorted(back["findings_vintages"]["rules_version"].to_pylist()) == [
        RULES_VERSION,
        *[OTHER_RULES] * 2,
    ]
    assert {row["rules_version"] for row in shown(lake)} == {OTHER_RULES}
    assert shown(lake, "statements") == []  # the other rules understand no figure
    assert lake.head() == f"reconciliation:2024:1:{OTHER_RULES}"
    assert not put(lake, read, others, rules=OTHER_RULES).reconciled

    back_again = put(lake, read)  # by the first rules: their rows are there
    assert back_again.reconciled
    assert lake.read()["findings_vintages"].num_rows == 3
    assert {row["rules_version"] for row in shown(lake)} == {RULES_VERSION}
    assert lake.read()["reconciliations"].num_rows == 3
    assert list(complete(lake.read())) == []


def test_the_same_rows_read_anew_are_a_verification_and_may_have_other_findings(lake: Lake) -> None:
    read = building.edition_tables(2024, ROWS)
    put(lake, read)
    again = put(lake, read, {}, rules=OTHER_RULES, registry="2" * 12)
    assert (again.written, again.reconciled) == (False, True)
    assert lake.read()["verifications"].num_rows == 1
    assert shown(lake) == []


def test_findings_of_other_rows_are_not_recorded(lake: Lake) -> None:
    read = building.edition_tables(2024, ROWS)
    assert lakes.put(lake, read, results=found(ALL, content="of other rows")).written
    assert lake.read()["reconciliations"].num_rows == 0
    assert put(lake, read).reconciled


@pytest.mark.commands
def test_a_restored_vintage_keeps_its_findings_and_a_withdrawn_one_shows_none(lake: Lake) -> None:
    by, code = Authorship("tester", "run-2"), "3" * 12
    old, new = (building.edition_tables(2024, [*ROWS, *more]) for more in ([], [{"mission_id": "vpd"}]))
    put(lake, old)
    put(lake, new, {"findings": [{**ABOUT, "mission_id": "vpd"}]}, code=code)
    assert [row["mission_id"] for row in shown(lake)] == ["vpd"]
    lake.decide("restore", 2024, "the older reading was right", vintage=1, by=by)
    assert [row["mission_id"] for row in shown(lake)] == ["unifil"]

    # Other rules look at the rows of the restored vintage, not at what is read now.
    source, versions = building.source_file(2024), dataclasses.replace(VERSIONS, code=code)
    rows, content = lake.rows_after_recording(2024, new, source=source, versions=versions)
    assert rows["personnel"]["mission_id"].to_pylist() == ["unifil"]
    assert content == decision.content_hash(old)
    assert put(lake, new, rules=OTHER_RULES, code=code).reconciled
    assert lake.read()["vintages"].num_rows == 3

    lake.decide("withdraw", 2024, "under embargo", by=by)
    assert shown(lake) == []
    assert not put(lake, new, rules="4" * 12, code=code).reconciled


def test_verification_counts_what_was_found(lake: Lake) -> None:
    put(lake, building.edition_tables(2024, ROWS))
    read = lake.read()
    short = {**read, "statements_vintages": read["statements_vintages"].slice(1)}
    assert [str(fault) for fault in complete(short)] == [
        f"statements by rules {RULES_VERSION}, edition 2024, vintage 1: has 0 rows, recorded were 1"
    ]


def test_a_release_is_known_by_what_was_found_and_declared() -> None:
    read = building.edition_tables(2024, ROWS)
    cell = {"table_name": "personnel", "row_key": "unifil", "column_name": "deployed_total"}
    correction = {"edition_year": 2024, **cell, "printed_value": "3", "corrected_value": "4"}
    bases = [
        building.base_tables(read),
        building.base_tables(read, found=ALL),
        building.base_tables(read, found={"findings": [{**ABOUT, "rules_version": OTHER_RULES}]}),
        building.base_tables(read, corrections=[correction]),
    ]
    assert len({release.release_id(base, "views") for base in bases}) == len(bases)
    assert release.release_id(bases[1], "views") == release.release_id(
        building.base_tables(read, found=ALL), "views"
    )


def test_trends_point_at_errors_and_corrections_of_their_row() -> None:
    missions = ("unifil", "undof", "untso", "vpd")
    read = building.edition_tables(2024, [{"mission_id": name, "deployed_military": 3} for name in missions])
    mandate = {"table_name": "mandates", "row_key": "untso", "column_name": "national_frame"}
    findings = [
        ABOUT,
        {**ABOUT, "mission_id": "undof", "severity": "warn"},
        {**ABOUT, "mission_id": "untso", "side_a": mandate},
    ]
    corrections = [
        {
            "edition_year": 2024,
            "table_name": "personnel",
            "row_key": mission,
            "column_name": "deployed_military",
            "printed_value": printed,
            "corrected_value": "5",
        }
        for mission, printed in (("vpd", "3"), ("undof", "4"))
    ]
    base = building.base_tables(read, found={"findings": findings}, corrections=corrections)
    evaluated = views.evaluate(base)
    trends = {row["mission_id"]: row for row in evaluated["mission_trends"].to_pylist()}
    assert {name for name, row in trends.items() if row["has_error_finding"]} == {"unifil"}
    assert {name for name, row in trends.items() if row["has_correction"]} == {"vpd"}
    assert trends["vpd"]["deployed_military"] == 3  # as printed
    assert evaluated["corrections"]["row_key"].to_pylist() == ["vpd"]  # undof prints 3, not 4


def test_findings_across_editions_stand_beside_the_stored_ones() -> None:
    base = building.base_tables(building.edition_tables(2024, ROWS), found=ALL)
    (stored,) = base["findings_vintages"].to_pylist()
    across = {**stored, "rule": "year_on_year", "finding_id": "year_on_year-1", "severity": "info"}
    base["findings_across_editions"] = schemas.DERIVED["findings_across_editions"].table([across])
    rows = views.evaluate(base)["findings"].to_pylist()
    assert [row["finding_id"] for row in rows] == ["row_total-unifil", "year_on_year-1"]


def test_a_published_file_says_which_rules_looked_last(tmp_path: Path) -> None:
    base = building.base_tables(
        building.edition_tables(2023, ROWS),
        building.edition_tables(2024, ROWS),
        found={"findings": [ABOUT, {**ABOUT, "rules_version": OTHER_RULES}]},
    )
    state = published.state(building.publish(tmp_path / "jvom.duckdb", base))
    assert state is not None
    assert {year: edition.rules for year, edition in state.editions.items()} == {
        2023: None,
        2024: OTHER_RULES,
    }
