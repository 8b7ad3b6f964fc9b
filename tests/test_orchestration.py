"""Assets, checks, schedules, sensors and runs, on real Dagster instances in temporary homes."""

import datetime
import io
import json
import logging
import os
import shutil
import socket
import subprocess
import sys
import zoneinfo
from collections.abc import Callable, Iterator
from itertools import takewhile
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from sqlalchemy.exc import OperationalError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pipelines import raw
from pipelines.cli import app
from pipelines.lake import Lake
from pipelines.orchestration import automation, edition, failures, keys, log_lines, metadata, release, run
from pipelines.orchestration.automation import edition_is_in, lateness
from pipelines.orchestration.definitions import definitions, defs
from pipelines.orchestration.history import last_attempts
from pipelines.orchestration.plan import plan_build
from pipelines.orchestration.resources import Warehouse
from pipelines.settings import Settings, find
from pipelines.verify import REFUSED_TAG
from schemas import TABLES
from schemas.report_day import report_day
from tests.support import NOBODY, options, servers
from tests.support import parliament as reports
from tests.support.lakes import PLAN, open_lake, record
from tests.support.parliament import SEARCH, SRU, Fault, Parliament, send, sibling
from tests.support.reports import PROJECT

pytestmark = pytest.mark.usefixtures("without_child")

AMSTERDAM = zoneinfo.ZoneInfo("Europe/Amsterdam")
ASSETS = (*edition.ASSETS, *release.ASSETS)


@pytest.fixture
def own(tmp_path: Path) -> Settings:
    (tmp_path / "raw").mkdir()
    return find(tmp_path / "raw", tmp_path / "warehouse")


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    with dg.instance_for_test(temp_dir=str(tmp_path)) as opened:
        yield opened


def test_json_lines_of_a_log_name_the_edition_and_its_file(instance: dg.DagsterInstance) -> None:
    told = io.StringIO()

    @dg.logger(None)
    def to_lines(_context: dg.InitLoggerContext) -> logging.Logger:
        log, handler = logging.getLogger("lines"), logging.StreamHandler(told)
        handler.setFormatter(log_lines.JsonFormatter("%(message)s"))
        log.handlers = [handler]
        log.setLevel(logging.DEBUG)
        return log

    @dg.op
    def read(context) -> None:  # type: ignore[no-untyped-def]  # Dagster refuses a text
        failures.tag_run(context, source_path="raw/2024/report.txt")
        context.log.warning("a line")

    job = dg.GraphDefinition("reading", node_defs=[read]).to_job(logger_defs={"lines": to_lines})
    tags = {"jvom/year": "2024", "jvom/source_sha256": "ab"}
    job.execute_in_process(instance=instance, tags=tags, run_config={"loggers": {"lines": {}}})
    lines = [json.loads(line) for line in told.getvalue().splitlines()]
    (said,) = (line for line in lines if line["message"].endswith("a line"))
    named = {"level": "WARNING", "job_name": "reading", "step_key": "read", "edition_year": 2024}
    assert said.items() >= {**named, "source_path": "raw/2024/report.txt", "source_sha256": "ab"}.items()
    assert lines[-1]["event"] == "RUN_SUCCESS"


def warehouse(of: Settings) -> Warehouse:
    return Warehouse(raw=str(of.raw), warehouse=str(of.warehouse), catalog=of.catalog, data=of.data)


Tick = Callable[..., tuple[list[str], str | None]]


@pytest.fixture
def tick(own: Settings, instance: dg.DagsterInstance) -> Tick:
    """Partitions that a sensor asks for, and its cursor or why it skips."""

    def ticking(sensor: dg.SensorDefinition, cursor: str | None = None) -> tuple[list[str], str | None]:
        context = dg.build_sensor_context(
            instance=instance, cursor=cursor, definitions=defs, resources={"warehouse": warehouse(own)}
        )
        result = sensor.evaluate_tick(context)
        asked = [str(request.partition_key) for request in result.run_requests or []]
        return asked, result.cursor or result.skip_message or cursor

    return ticking


def test_definitions_load_and_every_asset_is_described_and_checked() -> None:
    dg.Definitions.validate_loadable(defs)
    by_year = {keys.ACQUIRED, keys.SOURCE, keys.DOCUMENT, keys.RECONCILED, keys.SNAPSHOT}
    by_year |= set(keys.TABLES.values())
    specs = list(defs.resolve_all_asset_specs())
    assert {spec.key for spec in specs} >= by_year | {keys.LAKE, keys.PUBLISHED, *keys.VIEWS.values()}
    for spec in specs:
        assert spec.owners and spec.group_name and spec.description and spec.kinds, spec.key  # noqa: PT018
        assert (spec.partitions_def is not None) == (spec.key in by_year), spec.key
    for asset in ASSETS:  # Dagster's own policy would try again what somebody ended
        assert asset.op.retry_policy is None, asset.keys
    checked = [check for asset in ASSETS for check in asset.check_specs]
    blocking = {(check.key.asset_key, check.key.name): check.blocking for check in checked}
    for key in (*(keys.TABLES[name] for name in TABLES), *keys.VIEWS.values()):
        assert blocking[key, metadata.CONTRACT] is True
    assert blocking[keys.SNAPSHOT, metadata.ROW_COUNTS] is False
    repository = defs.get_repository_def()
    assert {each.name for each in repository.schedule_defs} >= {"report_day", "daily_lateness"}
    assert {each.name for each in repository.sensor_defs} >= {"raw_files", "edition_watch", "run_failed"}
    for each in (*repository.schedule_defs, *repository.sensor_defs):
        assert each.default_status.value == "RUNNING", each.name


def test_a_view_is_made_from_the_relations_that_it_selects_from() -> None:
    made_from = release.dependencies()
    assert made_from["views/personnel"] == ["lake", "registry", "views/known"]
    assert "views/personnel" in made_from["views/mission_trends"]
    assert made_from["views/region_trends"] == ["views/edition_sequence", "views/mission_trends"]


def test_a_run_of_the_command_line_is_on_the_timeline_of_the_interface(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(shutil.copytree(built / "dagster", tmp_path / "home")))
    with dg.DagsterInstance.get() as history:
        runs = history.get_runs()
    assert {each.job_name for each in runs} == {"ingest", "publish"}
    # Without the mark a run that was killed could not be ended, and would hold the writer's slot.
    assert all(each.tags[failures.PROCESS_TAG] for each in runs)
    assert {each.remote_job_origin and each.remote_job_origin.location_name for each in runs} == {"jvom"}
    monkeypatch.setattr("pipelines.versions.ROOT", tmp_path)  # there is no workspace: Dagster's own way fails
    plain = dg.DagsterRun("publish", "0")
    assert run._as_of_the_interface(plain) is plain


def test_a_run_that_cannot_be_begun_is_no_fault_of_its_document(
    own: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OperationalError("UPDATE runs", {}, Exception("database or disk is full"))

    for name, value in own.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(dg.DagsterInstance, "add_run_tags", full)
    (own.raw / "2024").mkdir()
    (own.raw / "2024" / "report.txt").write_text("not looked at")
    result = run.build(own, plan_build(own), verbose=False, progress=print)
    (outcome,) = result.outcomes
    assert (result.exit_code, outcome.exit_code) == (3, 3)
    assert str(outcome.error).startswith("there is no space left on the disk")


def test_any_year_from_the_first_report_in_the_catalogue_to_the_next_can_be_ingested() -> None:
    years = keys.YEARS.get_partition_keys()
    assert years[0] == str(min(raw.catalogue(PROJECT / "raw")))
    assert str(datetime.datetime.now(AMSTERDAM).year + 1) in years
    for moment in (datetime.datetime(2031, 1, 2), datetime.datetime(2031, 12, 30)):
        with dg.partition_loading_context(effective_dt=moment.replace(tzinfo=AMSTERDAM)):
            assert "2032" in keys.YEARS.get_partition_keys()


def test_report_day_is_the_third_wednesday_of_may_at_three() -> None:
    from dagster._utils.schedules import schedule_execution_time_iterator

    begin = datetime.datetime(2020, 1, 1, tzinfo=AMSTERDAM).timestamp()
    schedule = automation.report_day_schedule
    ticks = schedule_execution_time_iterator(begin, str(schedule.cron_schedule), schedule.execution_timezone)
    found = [tick.astimezone(AMSTERDAM) for tick in takewhile(lambda tick: tick.year < 2041, ticks)]
    with dg.partition_loading_context(effective_dt=datetime.datetime(2041, 1, 1, tzinfo=AMSTERDAM)):
        windows = [keys.YEARS.time_window_for_partition_key(str(year)) for year in range(2020, 2041)]
    assert found == [window.start.astimezone(AMSTERDAM) for window in windows]
    assert [day.date() for day in found] == [report_day(year) for year in range(2020, 2041)]
    for day in found:
        assert (day.month, day.weekday(), (day.day - 1) // 7, day.hour) == (5, 2, 2, 15)


@pytest.mark.parametrize("year", [2024, 2027])
def test_report_day_asks_for_the_year_of_its_tick(year: int) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_schedule_context(
            instance=instance,
            scheduled_execution_time=datetime.datetime.combine(
                report_day(year), datetime.time(15), AMSTERDAM
            ),
            repository_def=defs.get_repository_def(),
        )
        (request,) = automation.report_day_schedule.evaluate_tick(context).run_requests or []
    assert (request.partition_key, request.run_key) == (str(year), f"report-day-{year}")


def test_raw_sensor_asks_for_new_and_changed_files_once(own: Settings, tick: Tick) -> None:
    asked, cursor = tick(automation.raw_files)
    assert asked == []
    report = own.raw / "2023" / "report.txt"
    report.parent.mkdir()
    for text in ("first", "second"):
        report.write_text(text, encoding="utf-8")
        asked, cursor = tick(automation.raw_files, cursor)
        assert asked == ["2023"]
        assert len(json.loads(str(cursor))["2023"]) == 1
        assert tick(automation.raw_files, cursor)[0] == []


def test_runs_whose_process_is_gone_are_ended_and_no_others(tmp_path: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    gone = failures.process_mark(child.pid)
    child.communicate(b"\n")
    assert gone is not None
    mark, of = failures.PROCESS_TAG, failures.OF_TAG
    tags = [{mark: gone}, {mark: str(failures.process_mark())}, {mark: f"other:{os.getpid()}:x"}]
    tags.append({mark: gone, of: "the run of which it is the second try"})
    with dg.instance_for_test(temp_dir=str(tmp_path)) as instance:
        job = defs.resolve_job_def("publish")
        runs = [
            instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED, tags=each) for each in tags
        ]
        (sentence,) = failures.end_dead_runs(instance, "sqlite:/nowhere")
        assert runs[0].run_id[:8] in sentence
        after = [instance.get_run_by_id(one.run_id) for one in runs]
    assert [one.status.value for one in after if one] == ["FAILURE", "STARTED", "STARTED", "STARTED"]


def test_row_counts_warn_if_a_table_lost_more_than_half() -> None:
    fine = metadata.row_counts_result(keys.SNAPSHOT, {"personnel": 18, "cells": 200}, {"personnel": 20})
    assert fine.passed
    lost = metadata.row_counts_result(keys.SNAPSHOT, {"personnel": 8}, {"personnel": 18})
    assert (lost.passed, lost.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert "personnel" in (lost.description or "")
    assert metadata.row_counts_result(keys.SNAPSHOT, {"personnel": 8}, {}).passed


Acquire = Callable[..., dg.ExecuteInProcessResult]


@pytest.fixture
def acquire(own: Settings, instance: dg.DagsterInstance) -> Acquire:
    """A run of the job for 2025."""
    job = definitions(own).resolve_job_def("acquire")

    def acquiring(*, required: bool = True) -> dg.ExecuteInProcessResult:
        return job.execute_in_process(
            instance=instance,
            partition_key="2025",
            raise_on_error=False,
            tags={"jvom/cause": "report day", "jvom/year": "2025"},
            run_config={**run.QUIET, "ops": {"acquired": {"config": {"required": required}}}},
        )

    return acquiring


def vintages(own: Settings) -> list[tuple[int, str]]:
    rows = Lake(own.catalog, own.data).read()["vintages"].to_pylist()
    return [(row["vintage"], row["cause"]) for row in rows]


@pytest.mark.commands
def test_a_run_finds_records_and_is_tagged_and_the_next_does_nothing(
    parliament: Parliament, own: Settings, instance: dg.DagsterInstance, acquire: Acquire, tick: Tick
) -> None:
    report = send(parliament)
    first = acquire()
    assert first.success
    assert vintages(own) == [(1, "first reading")]
    tags = instance.get_run_by_id(first.run_id).tags  # type: ignore[union-attr]
    assert (tags["jvom/year"], tags["jvom/cause"]) == ("2025", "report day")
    assert len(tags["jvom/source_sha256"]) == 64
    (made,) = [e for e in first.get_asset_materialization_events() if e.asset_key == keys.ACQUIRED]
    assert made.materialization.metadata["document"].value == report.entity["Nummer"]
    assert len(made.materialization.metadata["considered"].records) == 4  # type: ignore[arg-type]

    again = acquire(required=False)
    assert again.success
    assert again.get_asset_materialization_events() == []
    assert vintages(own) == [(1, "first reading")]

    assert tick(automation.raw_files, "{}")[0] == []  # a run acquired it itself
    (own.raw / "2024").mkdir()
    (own.raw / "2024" / "by-hand.txt").write_bytes(reports.edition(period="2023"))
    assert tick(automation.raw_files, "{}")[0] == ["2024"]

    report.body = reports.edition(13)
    assert acquire(required=False).success
    assert vintages(own) == [(1, "first reading"), (2, "source changed")]

    # What was refused is not read again by each look.
    report.body = reports.edition().replace(b"UNIFIL", b"ONBEKENDE MISSIE")
    refused = acquire(required=False)
    assert not refused.success
    tags = instance.get_run_by_id(refused.run_id).tags  # type: ignore[union-attr]
    assert (own.quarantine / tags[REFUSED_TAG]).is_dir()
    assert [e.asset_key for e in refused.get_asset_materialization_events()][-1] == keys.DOCUMENT
    again = acquire(required=False)
    assert again.success
    assert again.get_asset_materialization_events() == []


@pytest.mark.commands
def test_only_the_network_is_tried_again(parliament: Parliament, acquire: Acquire) -> None:
    send(parliament)
    os.environ["JVOM_FETCH_ATTEMPTS"] = "1"
    parliament.fault(SEARCH, *[Fault(status=503)] * 4)  # both versions, twice
    parliament.fault(SRU, *[Fault(status=503)] * 2)
    done = acquire()
    assert done.success
    assert done.retry_attempts_for_node("acquired") == 2

    parliament.fault(SEARCH, *[Fault(status=503)] * 9)
    parliament.fault(SRU, *[Fault(status=503)] * 9)
    failed = acquire()
    assert not failed.success
    assert failed.retry_attempts_for_node("acquired") == failures.RETRIES


def at(month: int, day: int, hour: int = 12) -> datetime.datetime:
    return datetime.datetime(2025, month, day, hour, tzinfo=AMSTERDAM)


@pytest.mark.parametrize(
    ("now", "published", "key"),
    [
        (at(5, 21, 14), {2024}, None),
        (at(5, 21, 15), {2024}, "look-2025-05-21-2"),
        (at(5, 21, 18), {2024}, "look-2025-05-21-3"),
        (at(6, 30, 23), {2024}, "look-2025-06-30-3"),
        (at(7, 1), {2024}, None),
        (at(9, 1), {2024}, None),
        (at(5, 22), {2025}, None),
        (at(6, 1), {2025}, "replaced-2025-06-01"),
        (at(9, 30), {2025}, "replaced-2025-09-30"),
        (at(8, 31), {2025}, None),
        (at(11, 23), set(), None),
    ],
)
def test_what_to_search_for(now: datetime.datetime, published: set[int], key: str | None) -> None:
    search = automation.search_at(now, published)
    assert (search.run_key if search else None) == key
    if search:
        config = search.run_config["ops"]["acquired"]["config"]
        assert config == {"required": False, "thorough": str(key).startswith("replaced")}
        assert (search.partition_key, search.tags["jvom/year"]) == ("2025", "2025")


def test_the_watch_asks_or_says_why_not(tick: Tick) -> None:
    asked, skipped = tick(automation.edition_watch)
    assert bool(asked) != bool(skipped)


def test_lateness_warns_a_week_after_the_day_and_blocks_nothing() -> None:
    week_after = report_day(2025) + datetime.timedelta(days=7)
    assert lateness({2024}, week_after - datetime.timedelta(days=1)).passed
    late = lateness({2024}, week_after)
    assert (late.passed, late.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert "2025" in str(late.description)
    (spec,) = edition_is_in.check_specs
    assert not spec.blocking


@pytest.fixture
def listener() -> Iterator[tuple[str, Any]]:
    """Where notifications go; its state has those `posted`, and the `status` that it answers."""

    async def hear(request: Request) -> Response:
        heard.state.posted.append(await request.json())
        return Response(status_code=heard.state.status)

    heard = Starlette(routes=[Route("/hook", hear, methods=["POST"])])
    heard.state.posted, heard.state.status = [], 204
    with servers.serving(heard) as address:
        yield f"{address}/hook", heard.state


def test_not_finding_it_fails_on_the_day_with_one_notification_and_is_only_noted_later(
    parliament: Parliament,
    own: Settings,
    instance: dg.DagsterInstance,
    acquire: Acquire,
    listener: tuple[str, Any],
) -> None:
    send(parliament, sibling())
    failed = acquire()
    assert not failed.success
    assert failed.retry_attempts_for_node("acquired") == 0
    address, heard = listener
    os.environ["JVOM_NOTIFY_URL"] = address
    (event,) = [e for e in failed.all_events if e.event_type_value == "PIPELINE_FAILURE"]
    dagster_run = instance.get_run_by_id(failed.run_id)
    assert dagster_run is not None
    context = dg.build_run_status_sensor_context(
        sensor_name="run_failed",
        dagster_event=event,
        dagster_instance=instance,
        dagster_run=dagster_run,
        resources={"warehouse": warehouse(own)},
    ).for_run_failure()
    automation.run_failed(context)
    (posted,) = heard.posted
    line = posted["text"]
    assert line.startswith(
        "jvom: acquire (edition 2025, report day) failed: no report found for edition 2025"
    )
    assert "\n" not in line
    assert (posted["edition_year"], posted["run_id"]) == (2025, failed.run_id)
    (log,) = own.logs.glob("*.log")
    assert log.read_text(encoding="utf-8").count(line) == 1

    later = acquire(required=False)
    assert later.success
    assert later.get_asset_materialization_events() == []
    (noted,) = later.get_asset_observation_events()
    description = noted.asset_observation_data.asset_observation.description
    assert "no report found for edition 2025" in str(description)


def test_what_fails_on_the_command_line_is_told_once_too(
    own: Settings, listener: tuple[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, heard = listener
    for name, value in {
        "JVOM_NOTIFY_URL": address,
        "JVOM_FETCH_ATTEMPTS": "1",
        "JVOM_PARLIAMENT_URL": NOBODY,
        "JVOM_PUBLICATIONS_URL": NOBODY,
    }.items():
        monkeypatch.setenv(name, value)
    where = [*map(str, options(own))]
    assert app.main(["fetch", "2025", "--build", *where]) == 3
    (own.raw / "2024").mkdir()
    (own.raw / "2024" / "jvom-2024.txt").write_text("not a report", encoding="utf-8")
    assert app.main(["build", *where]) == 1
    assert [(each["job"], each["edition_year"]) for each in heard.posted] == [
        ("acquire", 2025),
        ("ingest", 2024),
    ]
    assert "cannot be reached" in heard.posted[0]["error"]
    since = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
    told = last_attempts(own, failed=True, since=since)
    assert [each.job for each in told] == ["ingest", "acquire"]
    with dg.DagsterInstance.from_config(str(own.dagster_home)) as history:
        for each in told:
            run = history.get_run_by_id(each.run_id)
            assert run is not None
            assert failures.tell(history, run, "once more", own.logs) == []


def test_posting_never_fails_and_takes_no_longer_than_it_may(listener: tuple[str, Any]) -> None:
    address, heard = listener
    assert failures.post(address, {"text": "x"}) is None
    heard.status = 500
    assert failures.post(address, {"text": "x"}) == "it answers 500"
    assert failures.post("http://127.0.0.1:9/", {"text": "x"}) == "ConnectError"
    assert failures.post("no address", {"text": "x"}) == "UnsupportedProtocol"
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        address = f"http://127.0.0.1:{deaf.getsockname()[1]}/"
        silence = failures.post(address, {"text": "x"}, timeout=0.1)
    assert silence in ("it does not answer within 0.1 s", "ReadTimeout")


def test_what_is_recorded_and_not_published_is_asked_for_until_it_is(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    where = find(tmp_path / "raw", tmp_path / "warehouse")

    def ask() -> dg.RunRequest | dg.SkipReason:
        context = dg.build_schedule_context(instance=instance, resources={"warehouse": warehouse(where)})
        found = automation.publish_what_waits(context)
        assert isinstance(found, dg.RunRequest | dg.SkipReason)
        return found

    assert isinstance(ask(), dg.SkipReason)
    record(open_lake(where.warehouse), PLAN[0])
    for _ in range(2):  # also after a publish that failed
        asked = ask()
        assert isinstance(asked, dg.RunRequest)
        assert asked.run_key is None
    run = instance.create_run_for_job(defs.resolve_job_def("publish"), status=dg.DagsterRunStatus.STARTED)
    assert isinstance(ask(), dg.SkipReason)
    instance.report_run_failed(run)
    assert isinstance(ask(), dg.RunRequest)
