"""The edition arrives by itself: schedule, sensors, runs and what is told, on real Dagster instances."""

from __future__ import annotations

import datetime
import json
import os
import socket
import threading
import zoneinfo
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import takewhile
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from pipelines import lake as snapshot
from pipelines.definitions import defs
from pipelines.orchestration import automation, definitions, failures, keys, resources, run
from pipelines.orchestration import edition as year
from pipelines.orchestration.automation import search_at
from pipelines.orchestration.jobs import edition_is_in, lateness
from pipelines.settings import Settings, find
from schemas.report_day import report_day
from tests.acquiring import edition, send, sibling
from tests.parliament_server import SEARCH, SRU, Fault, Parliament

AMSTERDAM = zoneinfo.ZoneInfo("Europe/Amsterdam")


@pytest.fixture
def parliament() -> Iterator[Parliament]:
    with Parliament() as served:
        os.environ.update(served.environment)
        yield served


@pytest.fixture
def own(tmp_path: Path) -> Settings:
    (tmp_path / "raw").mkdir()
    return find(tmp_path / "raw", tmp_path / "warehouse")


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    with dg.instance_for_test(temp_dir=str(tmp_path)) as opened:
        yield opened


def warehouse(own: Settings) -> resources.Warehouse:
    return resources.Warehouse(
        raw=str(own.raw), warehouse=str(own.warehouse), catalog=own.catalog, data=own.data
    )


def acquire(
    own: Settings, instance: dg.DagsterInstance, *, required: bool = True, **tags: str
) -> dg.ExecuteInProcessResult:
    job = definitions.definitions(own).resolve_job_def("acquire")
    return job.execute_in_process(
        instance=instance,
        partition_key="2025",
        raise_on_error=False,
        tags={"jvom/cause": "report day", "jvom/year": "2025", **tags},
        run_config={**run.QUIET, "ops": {"acquired": {"config": {"required": required}}}},
    )


def vintages(own: Settings) -> list[tuple[int, str]]:
    rows = snapshot.Lake(own.catalog, own.data).read()["vintages"].to_pylist()
    return [(row["vintage"], row["cause"]) for row in rows]


def test_ticks_of_2020_to_2040_are_third_wednesdays_of_may_at_three() -> None:
    begin = datetime.datetime(2020, 1, 1, tzinfo=AMSTERDAM)
    expected = [
        datetime.datetime.combine(report_day(year), datetime.time(15), tzinfo=AMSTERDAM)
        for year in range(2020, 2041)
    ]
    found = [tick.astimezone(AMSTERDAM) for tick in takewhile(lambda tick: tick.year < 2041, _ticks(begin))]
    assert found == expected
    assert {tick.utcoffset() for tick in found} == {datetime.timedelta(hours=2)}


def _ticks(begin: datetime.datetime) -> Iterator[datetime.datetime]:
    from dagster._utils.schedules import schedule_execution_time_iterator

    return schedule_execution_time_iterator(
        begin.timestamp(),
        str(automation.report_day_schedule.cron_schedule),
        automation.report_day_schedule.execution_timezone,
    )


def test_a_run_finds_records_and_is_tagged_and_the_next_does_nothing(
    parliament: Parliament, own: Settings, instance: dg.DagsterInstance
) -> None:
    report = send(parliament)
    first = acquire(own, instance)
    assert first.success
    assert vintages(own) == [(1, "first reading")]
    tags = instance.get_run_by_id(first.run_id).tags  # type: ignore[union-attr]
    assert (tags["jvom/year"], tags["jvom/cause"]) == ("2025", "report day")
    assert len(tags["jvom/source_sha256"]) == 64
    (made,) = [e for e in first.get_asset_materialization_events() if e.asset_key == keys.ACQUIRED]
    assert made.materialization.metadata["document"].value == report.entity["DocumentNummer"]
    assert len(made.materialization.metadata["considered"].records) == 4  # type: ignore[arg-type]

    again = acquire(own, instance, required=False)
    assert again.success
    assert again.get_asset_materialization_events() == []
    assert vintages(own) == [(1, "first reading")]

    report.body = edition(13)
    assert acquire(own, instance, required=False).success
    assert vintages(own) == [(1, "first reading"), (2, "source changed")]


def test_not_finding_it_fails_on_the_day_and_is_only_noted_later(
    parliament: Parliament, own: Settings, instance: dg.DagsterInstance
) -> None:
    send(parliament, sibling())
    assert not acquire(own, instance).success
    later = acquire(own, instance, required=False)
    assert later.success
    assert later.get_asset_materialization_events() == []
    (noted,) = later.get_asset_observation_events()
    assert "no report found for edition 2025" in str(
        noted.asset_observation_data.asset_observation.description
    )


def test_what_was_refused_is_not_read_again_by_each_look(
    parliament: Parliament, own: Settings, instance: dg.DagsterInstance
) -> None:
    report = send(parliament)
    report.body = edition().replace(b"UNIFIL", b"ONBEKENDE MISSIE")
    assert not acquire(own, instance, required=False).success
    again = acquire(own, instance, required=False)
    assert again.success
    assert again.get_asset_materialization_events() == []


def test_only_the_network_is_tried_again(
    parliament: Parliament, own: Settings, instance: dg.DagsterInstance
) -> None:
    send(parliament)
    os.environ["JVOM_FETCH_ATTEMPTS"] = "1"
    parliament.fault(SEARCH, *[Fault(status=503)] * 2)
    parliament.fault(SRU, *[Fault(status=503)] * 2)
    done = acquire(own, instance)
    assert done.success
    assert done.retry_attempts_for_node("acquired") == 2

    parliament.fault(SEARCH, *[Fault(status=503)] * 9)
    failed = acquire(own, instance)
    assert not failed.success
    assert failed.retry_attempts_for_node("acquired") == year.NETWORK_RETRIES


def test_a_refusal_is_not_tried_again(
    parliament: Parliament, own: Settings, instance: dg.DagsterInstance
) -> None:
    send(parliament, sibling())
    assert acquire(own, instance).retry_attempts_for_node("acquired") == 0


def at(month: int, day: int, hour: int = 12) -> datetime.datetime:
    return datetime.datetime(2025, month, day, hour, tzinfo=AMSTERDAM)


@pytest.mark.parametrize(
    ("now", "held", "key"),
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
def test_what_there_is_to_look_for(now: datetime.datetime, held: set[int], key: str | None) -> None:
    look = search_at(now, held)
    assert (look.key if look else None) == key
    if look:
        request = look.request
        assert request.partition_key == "2025"
        assert request.tags["jvom/year"] == "2025"
        assert look.thorough == key.startswith("replaced")  # type: ignore[union-attr]


def test_the_watch_asks_or_says_why_not(own: Settings, instance: dg.DagsterInstance) -> None:
    context = dg.build_sensor_context(
        instance=instance, definitions=defs, resources={"warehouse": warehouse(own)}
    )
    result = automation.edition_watch.evaluate_tick(context)
    assert bool(result.run_requests) != bool(result.skip_message)


def test_raw_files_leaves_alone_what_a_run_acquired_itself(
    parliament: Parliament, own: Settings, instance: dg.DagsterInstance
) -> None:
    def asked() -> list[str]:
        context = dg.build_sensor_context(
            instance=instance, cursor="{}", definitions=defs, resources={"warehouse": warehouse(own)}
        )
        return [str(r.partition_key) for r in automation.raw_files.evaluate_tick(context).run_requests or []]

    send(parliament)
    assert acquire(own, instance).success
    assert asked() == []
    (own.raw / "2024").mkdir()
    (own.raw / "2024" / "by-hand.txt").write_bytes(edition(period="2023"))
    assert asked() == ["2024"]


def test_lateness_warns_a_week_after_the_day_and_blocks_nothing() -> None:
    week_after = report_day(2025) + datetime.timedelta(days=7)
    assert lateness({2024}, week_after - datetime.timedelta(days=1)).passed
    late = lateness({2024}, week_after)
    assert (late.passed, late.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert "2025" in str(late.description)
    (spec,) = edition_is_in.check_specs
    assert not spec.blocking


class _Listener(BaseHTTPRequestHandler):
    told: list[dict[str, Any]]
    status = 204

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        """Keep what is posted."""
        self.told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(self.status)
        self.end_headers()


@pytest.fixture
def listener() -> Iterator[tuple[str, type[_Listener]]]:
    handler = type("Handler", (_Listener,), {"told": []})
    server = HTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/hook", handler
    server.shutdown()
    server.server_close()


def test_a_failed_run_is_told_in_one_line_and_posted(
    parliament: Parliament,
    own: Settings,
    instance: dg.DagsterInstance,
    listener: tuple[str, type[_Listener]],
) -> None:
    send(parliament, sibling())
    failed = acquire(own, instance)
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
    (posted,) = heard.told
    line = posted["text"]
    assert line.startswith(
        "jvom: acquire (edition 2025, report day) failed: no report found for edition 2025"
    )
    assert "\n" not in line
    assert (posted["edition_year"], posted["run_id"]) == (2025, failed.run_id)
    (log,) = own.logs.glob("*.log")
    assert log.read_text(encoding="utf-8").count(line) == 1


def test_posting_never_fails_and_takes_no_longer_than_it_may(listener: tuple[str, type[_Listener]]) -> None:
    address, heard = listener
    assert failures.post(address, {"text": "x"}) is None
    heard.status = 500
    assert failures.post(address, {"text": "x"}) == "it answers 500"
    assert failures.post("http://127.0.0.1:9/", {"text": "x"}) == "ConnectError"
    assert failures.post("no address", {"text": "x"}) == "UnsupportedProtocol"


def test_a_listener_that_says_nothing_is_left_after_a_while() -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        address = f"http://127.0.0.1:{deaf.getsockname()[1]}/"
        assert failures.post(address, {"text": "x"}, timeout=0.1) in (
            "it does not answer within 0.1 s",
            "ReadTimeout",
        )
