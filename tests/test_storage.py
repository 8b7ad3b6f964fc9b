"""Dagster's history in one file with kept connections: what older versions wrote stays, nothing is lost."""

import threading
from pathlib import Path

import dagster as dg
from dagster._core.definitions.freshness import FreshnessState, FreshnessStateChange

from pipelines.orchestration import run, storage


@dg.asset(check_specs=[dg.AssetCheckSpec("sound", asset="counted")])
def counted() -> dg.MaterializeResult:
    rows = dg.MetadataValue.table([dg.TableRecord({"n": 1})])
    result = dg.AssetCheckResult(check_name="sound", passed=True)
    return dg.MaterializeResult(metadata={"rows": rows}, check_results=[result])


def opened(home: Path, settings: str = run.INSTANCE + run.STORAGE) -> dg.DagsterInstance:
    (home / "dagster.yaml").write_text(settings, encoding="utf-8")
    return dg.DagsterInstance.from_config(str(home))


def materialized(instance: dg.DagsterInstance) -> str:
    done = dg.materialize([counted], instance=instance)
    assert done.success
    return done.run_id


def kinds(instance: dg.DagsterInstance, run_id: str) -> list[str]:
    return [entry.dagster_event_type.value for entry in instance.all_logs(run_id) if entry.dagster_event_type]


def test_runs_that_an_older_version_kept_in_their_own_files_go_on(tmp_path: Path) -> None:
    with opened(tmp_path, run.INSTANCE) as older:
        before = materialized(older)
        events = kinds(older, before)
    with opened(tmp_path) as instance:
        assert kinds(instance, before) == events
        after = materialized(instance)
        files = {file.stem for file in (tmp_path / "history" / "runs").glob("*.db")}
        assert files == {"index", before}
        assert set(events) - set(kinds(instance, after)) == {kind.value for kind in storage.UNREAD} & set(
            events
        )
        run_before = instance.get_run_by_id(before)
        assert run_before is not None
        instance.report_run_canceled(run_before)
        assert kinds(instance, before)[-1] == "PIPELINE_CANCELED"
        (check,) = instance.event_log_storage.get_asset_check_execution_history(
            dg.AssetCheckKey(dg.AssetKey("counted"), "sound"), limit=1
        )
        assert (check.run_id, check.status.value) == (after, "SUCCEEDED")
        records = instance.fetch_materializations(dg.AssetKey("counted"), limit=5).records
        assert [record.run_id for record in records] == [after, before]
        shown = records[0].asset_materialization
        assert shown is not None
        assert "rows" in shown.metadata
    with opened(tmp_path) as again:
        assert [record.run_id for record in again.get_runs()] == [after, before]
        assert instance.run_storage.alembic_version() == again.event_log_storage.alembic_version()


def test_tables_that_were_not_wholly_made_are_made(tmp_path: Path) -> None:
    for name in ("history/runs.db", "history/runs/index.db", "schedules/schedules.db"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    with opened(tmp_path) as instance:
        materialized(instance)
        assert instance.event_log_storage.has_secondary_index("asset_key_index_columns")


def test_what_another_process_stores_is_seen_while_it_is_at_work(tmp_path: Path) -> None:
    seen = threading.Event()
    with opened(tmp_path) as writing, dg.DagsterInstance.from_config(str(tmp_path)) as watching:
        run_id = materialized(writing)
        cursor = watching.event_log_storage.get_records_for_run(run_id).cursor
        watching.watch_event_logs(run_id, cursor, lambda *_: seen.set())
        writing.report_engine_event("at work", writing.get_run_by_id(run_id))
        assert seen.wait(20)


def test_how_fresh_an_asset_is_is_stored_before_and_after_it_was_made(tmp_path: Path) -> None:
    """Such an event says nothing of the asset's own row."""
    key = dg.AssetKey("counted")
    with opened(tmp_path) as instance:
        for state in (FreshnessState.UNKNOWN, FreshnessState.PASS):
            change = FreshnessStateChange(
                key=key, previous_state=FreshnessState.PASS, new_state=state, state_change_timestamp=1.0
            )
            instance._report_runless_asset_event(change)
            (record,) = instance.get_freshness_state_records([key]).values()
            assert record.freshness_state == state
            materialized(instance)
