"""Schedule, sensors and definitions, on a real Dagster instance in a temporary home."""

from __future__ import annotations

import datetime
import json
import os
import subprocess
import sys
import zoneinfo
from pathlib import Path

import dagster as dg
import pytest

from pipelines.definitions import defs
from pipelines.orchestration import automation, checks, edition, failures, keys, release, resources
from pipelines.publish import views
from schemas import TABLES

AMSTERDAM = zoneinfo.ZoneInfo("Europe/Amsterdam")


def third_wednesday(year: int) -> datetime.datetime:
    days = [datetime.datetime(year, 5, day, 15, tzinfo=AMSTERDAM) for day in range(15, 22)]
    return next(day for day in days if day.weekday() == 2)


@pytest.fixture
def warehouse(tmp_path: Path) -> resources.Warehouse:
    raw = tmp_path / "raw"
    raw.mkdir()
    lake = tmp_path / "warehouse" / "lake"
    return resources.Warehouse(
        raw=str(raw),
        warehouse=str(tmp_path / "warehouse"),
        catalog=f"sqlite:{lake / 'catalog.sqlite'}",
        data=f"{lake / 'data'}/",
    )


def test_definitions_load_and_every_asset_is_described() -> None:
    dg.Definitions.validate_loadable(defs)
    specs = list(defs.resolve_all_asset_specs())
    assert {spec.key for spec in specs} >= {
        keys.SOURCE,
        keys.DOCUMENT,
        keys.SNAPSHOT,
        keys.LAKE,
        keys.PUBLISHED,
        *keys.TABLES.values(),
        *keys.VIEWS.values(),
    }
    for spec in specs:
        assert spec.owners, spec.key
        assert spec.group_name, spec.key
        assert spec.description, spec.key
        assert spec.kinds, spec.key


def test_per_year_assets_are_partitioned_by_edition_and_the_rest_is_not() -> None:
    by_year = {
        *(keys.ACQUIRED, keys.SOURCE, keys.DOCUMENT, keys.RECONCILED, keys.SNAPSHOT),
        *keys.TABLES.values(),
    }
    for spec in defs.resolve_all_asset_specs():
        assert (spec.partitions_def is not None) == (spec.key in by_year), spec.key


def test_any_year_from_2000_to_the_next_can_be_ingested() -> None:
    years = keys.YEARS.get_partition_keys()
    next_year = datetime.datetime.now(AMSTERDAM).year + 1
    assert years[0] == "2000"
    assert str(next_year) in years
    for moment in (datetime.datetime(2031, 1, 2), datetime.datetime(2031, 12, 30)):
        with dg.partition_loading_context(effective_dt=moment.replace(tzinfo=AMSTERDAM)):
            assert "2032" in keys.YEARS.get_partition_keys()


def test_report_day_is_the_third_wednesday_of_may_at_three() -> None:
    assert automation.report_day_schedule.cron_schedule == keys.REPORT_DAY
    assert automation.report_day_schedule.execution_timezone == keys.TIMEZONE
    with dg.partition_loading_context(effective_dt=datetime.datetime(2041, 1, 1, tzinfo=AMSTERDAM)):
        starts = [
            keys.YEARS.time_window_for_partition_key(str(year)).start.astimezone(AMSTERDAM)
            for year in range(2020, 2041)
        ]
    assert starts == [third_wednesday(year) for year in range(2020, 2041)]
    assert all(start.hour == 15 for start in starts)


@pytest.mark.parametrize("year", [2024, 2027])
def test_report_day_asks_for_the_year_of_its_tick(year: int) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_schedule_context(
            instance=instance,
            scheduled_execution_time=third_wednesday(year),
            repository_def=defs.get_repository_def(),
        )
        (request,) = automation.report_day_schedule.evaluate_tick(context).run_requests or []
    assert request.partition_key == str(year)
    assert request.run_key == f"report-day-{year}"


def test_schedule_and_sensors_run_by_default() -> None:
    assert automation.report_day_schedule.default_status == dg.DefaultScheduleStatus.RUNNING
    assert automation.raw_files.default_status == dg.DefaultSensorStatus.RUNNING
    assert automation.edition_watch.default_status == dg.DefaultSensorStatus.RUNNING
    assert automation.run_failed.default_status == dg.DefaultSensorStatus.RUNNING
    assert automation.publish_when_recorded.default_status == dg.DefaultSensorStatus.RUNNING


def test_raw_sensor_asks_for_new_and_changed_files_once(warehouse: resources.Warehouse) -> None:
    report = Path(warehouse.raw) / "2023" / "report.txt"

    def tick(cursor: str | None) -> tuple[list[str], str]:
        with dg.DagsterInstance.ephemeral() as instance:
            context = dg.build_sensor_context(
                instance=instance, cursor=cursor, definitions=defs, resources={"warehouse": warehouse}
            )
            result = automation.raw_files.evaluate_tick(context)
        return [str(r.partition_key) for r in result.run_requests or []], result.cursor or cursor or ""

    asked, cursor = tick(None)
    assert asked == []
    report.parent.mkdir()
    report.write_text("first", encoding="utf-8")
    asked, cursor = tick(cursor)
    assert asked == ["2023"]
    assert len(json.loads(cursor)["2023"]) == 1
    asked, cursor = tick(cursor)
    assert asked == []
    report.write_text("second", encoding="utf-8")
    asked, cursor = tick(cursor)
    assert asked == ["2023"]


def test_sweep_ends_runs_whose_process_is_gone_and_no_other(tmp_path: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    gone = failures.process_mark(child.pid)
    child.communicate(b"\n")
    assert gone is not None
    with dg.instance_for_test(temp_dir=str(tmp_path)) as instance:
        job = defs.resolve_job_def("publish")
        runs = {}
        for name, mark in (
            ("dead", gone),
            ("alive", failures.process_mark()),
            ("elsewhere", f"other:{os.getpid()}:x"),
        ):
            run = instance.create_run_for_job(
                job, status=dg.DagsterRunStatus.STARTED, tags={failures.PROCESS_TAG: mark or ""}
            )
            runs[name] = run.run_id
        (sentence,) = failures.end_dead_runs(instance)
        assert runs["dead"][:8] in sentence
        statuses = {name: instance.get_run_by_id(run_id).status for name, run_id in runs.items()}  # type: ignore[union-attr]
    assert statuses == {
        "dead": dg.DagsterRunStatus.FAILURE,
        "alive": dg.DagsterRunStatus.STARTED,
        "elsewhere": dg.DagsterRunStatus.STARTED,
    }


def test_writers_share_a_pool_of_one() -> None:
    for asset in (*edition.ASSETS, *release.ASSETS):
        pooled = asset.keys & {keys.SNAPSHOT, keys.PUBLISHED, keys.PACKAGE, keys.SITE}
        assert bool(asset.op.pool) == bool(pooled), asset.keys


def test_column_lineage_of_views_names_columns_that_there_are() -> None:
    specs = {spec.key: spec for spec in defs.resolve_all_asset_specs()}
    schemas_of = {
        key: {column.name for column in spec.metadata["dagster/column_schema"].columns}
        for key, spec in specs.items()
        if "dagster/column_schema" in spec.metadata
    }
    for name, key in keys.VIEWS.items():
        lineage = specs[key].metadata["dagster/column_lineage"].deps_by_column
        assert set(lineage) == set(views.lineage()[name])
        for sources in lineage.values():
            for source in sources:
                if source.asset_key in schemas_of:
                    known = schemas_of[source.asset_key] | {"vintage", "recorded_at", "withdrawn"}
                    assert source.column_name in known, (name, source)


def test_every_table_and_view_has_a_blocking_contract_check() -> None:
    found = {
        (check.key.asset_key, check.key.name): check.blocking
        for asset in (*edition.ASSETS, *release.ASSETS)
        for check in asset.check_specs
    }
    for key in (*(keys.TABLES[name] for name in TABLES), *keys.VIEWS.values()):
        assert found[key, checks.CONTRACT] is True
    assert found[keys.SNAPSHOT, checks.ROW_COUNTS] is False


def test_row_counts_warn_where_a_table_lost_more_than_half() -> None:
    fine = checks.row_counts_result(keys.SNAPSHOT, {"personnel": 18, "cells": 200}, {"personnel": 20})
    assert fine.passed
    lost = checks.row_counts_result(keys.SNAPSHOT, {"personnel": 8}, {"personnel": 18})
    assert not lost.passed
    assert lost.severity == dg.AssetCheckSeverity.WARN
    assert "personnel" in (lost.description or "")
    assert checks.row_counts_result(keys.SNAPSHOT, {"personnel": 8}, None).passed


def test_every_run_of_a_build_is_marked_with_its_process(built: Path) -> None:
    """Without the mark a run that was killed could not be swept, and would hold the writer's slot."""
    with dg.DagsterInstance.from_config(str(built / "dagster")) as instance:
        runs = instance.get_runs()
    assert {run.job_name for run in runs} == {"ingest", "publish"}
    assert all(run.tags[failures.PROCESS_TAG] for run in runs)
