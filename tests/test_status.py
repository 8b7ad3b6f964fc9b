"""`jvom status` and `jvom logs`: what needs attention is said, and a monitor sees it by the exit status."""

import datetime
import os
import platform
from pathlib import Path

import dagster as dg
import pytest

from pipelines import quarantine
from pipelines.cli.gc import parts
from pipelines.lake import Authorship, Lake
from pipelines.model import SourceFile, Versions
from pipelines.orchestration import failures
from pipelines.orchestration.failures import PROCESS_TAG
from pipelines.orchestration.history import last_attempts
from pipelines.settings import Settings
from schemas.errors import LakeError, LayoutError
from tests.support import Jvom, answer, options


def history(settings: Settings) -> Path:
    return settings.dagster_home / "history" / "runs.db"


@pytest.mark.commands
def test_what_is_refused_withdrawn_and_tried_last_is_said(own: Settings, jvom: Jvom) -> None:
    source = SourceFile(2023, "raw/2023/x.pdf", "a" * 64, 5, "pdf", "official file")
    versions = Versions("code", "registry", "declarations")
    refusal = LayoutError("no annex 2", file=source.path)
    put = {"document": None, "asset": "tables", "run_id": "x", "versions": versions}
    quarantine.put(own.quarantine, source, refusal, **put)
    (own.raw / "2024" / "jvom-2024.txt").write_text("not a report", encoding="utf-8")
    assert jvom("build", *options(own)).returncode == 1
    assert jvom("status", "--check", *options(own)).returncode == 1
    shown = jvom("status", *options(own))
    for words in ("edition 2023", "no annex 2", "ingest 2024 by", "failed", "jvom logs --last-failure"):
        assert words in shown.stdout, shown.stdout
    assert "attention: the last run, ingest, failed" in shown.stderr
    failed = answer(jvom("logs", "--last-failure", "--json", *options(own)))
    assert (failed["job"], failed["edition_year"], failed["outcome"]) == ("ingest", 2024, "failed")
    assert failed["error"]
    assert jvom("logs", "--failed-since", "yesterday", *options(own)).returncode == 1
    assert jvom("logs", "--failed-since", "2100-01-01", *options(own)).returncode == 0
    assert jvom("logs", "--failed-since", "2100-01-01", "--warehouse", own.warehouse / "none").returncode == 3
    assert jvom("withdraw", "2024", "--reason", "recalled", *options(own)).returncode == 0
    state = answer(jvom("status", "--json", *options(own)))
    assert [row["reason"] for row in state["withdrawn"]] == ["vintage 1 withdrawn: recalled"]
    assert sum(state["disk"].values()) == state["bytes"]
    next_at = {each["name"]: each["at"] for each in state["triggers"]}
    assert next_at["report_day"][5:8] == "05-"
    assert next_at["weekly_verification"].endswith("Z")
    assert next_at["raw_files"] is None  # it looks every minute


def test_a_file_that_nobody_has_read_yet_is_an_alarm(own: Settings, jvom: Jvom) -> None:
    known = ("status", "--check", "--known-late", str(datetime.date.today().year), *options(own))
    assert jvom(*known).returncode == 0
    (own.raw / "2021").mkdir()
    (own.raw / "2021" / "report.pdf").write_bytes(b"%PDF-1.7 cut off")
    shown = jvom(*known)
    assert shown.returncode == 1
    assert "raw/2021/report.pdf is not read yet" in shown.stderr
    assert jvom("verify", own.raw / "2021" / "report.pdf", *options(own)).returncode == 1
    known_file = jvom("verify", own.raw / "2024" / "jvom-2024.txt", *options(own))
    assert known_file.stdout.startswith("edition 2024, vintage 1, was read from these very bytes")
    published = jvom("verify", own.published, *options(own)).stdout
    assert published.startswith("these very bytes are jvom.duckdb of release")
    package = next(own.releases.glob("*/data/cells.csv"))
    assert "are data/cells.csv of release" in jvom("verify", package, *options(own)).stdout
    observations = jvom("verify", own.raw / "observations.csv", *options(own)).stdout
    assert "observations.csv, as it is now" in observations
    (own.raw / "2021" / "report.pdf").write_bytes(b"")
    assert "raw/2021/report.pdf: is empty" in jvom(*known).stderr


@pytest.mark.commands
def test_a_run_that_was_killed_is_named_and_ended_by_a_build_with_nothing_to_do(
    own: Settings, jvom: Jvom
) -> None:
    def killed(name: str) -> None:
        with dg.DagsterInstance.from_config(str(own.dagster_home)) as instance:
            tags = {PROCESS_TAG: f"{platform.node()}:{2**22}:long ago"}
            job = dg.GraphDefinition(name=name).to_job()
            instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED, tags=tags)

    killed("ingest")
    known = ("--known-late", str(datetime.date.today().year), *options(own))
    shown = jvom("status", "--check", *known)
    assert (shown.returncode, "ingest, was killed" in shown.stderr) == (1, True)
    assert "its process is gone" in jvom("logs", "--last-failure", *options(own)).stdout
    done = jvom("build", *options(own))
    assert (done.returncode, "was ended: its process" in done.stderr) == (0, True)
    assert "Nothing new" in done.stdout
    killed("publish")  # and another machine has published since
    shown = jvom("status", "--check", *known)
    assert (shown.returncode, shown.stderr) == (0, "")


@pytest.mark.commands
def test_runs_at_work_are_listed_with_their_process_wherever_the_command_is_run(
    own: Settings, jvom: Jvom
) -> None:
    with dg.DagsterInstance.from_config(str(own.dagster_home)) as instance:
        job = dg.GraphDefinition(name="publish").to_job()
        instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED, tags=failures.run_tags())
        ended = instance.create_run_for_job(job, tags={failures.ENDED_TAG: "SIGTERM"})
        instance.report_run_failed(ended, "a step failed of it")
    known = ("--known-late", datetime.date.today().year, *options(own))
    elsewhere = {"cwd": Path("/"), "JVOM_STORE": "s3://nowhere/x"}
    state = answer(jvom("status", "--json", *known, **elsewhere))
    (run,) = state["at_work"]
    assert (run["job"], run["process"], run["host"]) == ("publish", os.getpid(), platform.node())
    assert run["command"]
    assert state["last_run"]["outcome"] == "ended by SIGTERM"
    assert state["attention"] == []
    assert f"process {os.getpid()} on" in jvom("status", *options(own)).stdout
    assert jvom("logs", "--failed-since", "yesterday", *options(own)).returncode == 0


def test_what_is_recorded_and_not_published_is_an_alarm_until_a_build(own: Settings, jvom: Jvom) -> None:
    """As where a withdrawal was ended between its commit and the published file."""
    Lake.of(own).decide("withdraw", 2024, "recalled", by=Authorship("tester", "run"))
    known = ("status", "--check", "--known-late", str(datetime.date.today().year), *options(own))
    shown = jvom(*known)
    assert (shown.returncode, "readers do not see yet" in shown.stderr) == (1, True)
    again = jvom("withdraw", "2024", "--reason", "recalled", *options(own))
    assert (again.returncode, "jvom build publishes" in again.stderr) == (2, True)
    assert jvom("build", *options(own)).returncode == 0
    assert jvom(*known).returncode == 0


def test_reports_that_are_known_to_be_late_are_no_alarm(built: Path, jvom: Jvom) -> None:
    check = ("status", "--check", "--warehouse", str(built))
    assert jvom(*check).returncode == 1  # 2025 did not come
    known = jvom(*check, "--known-late", str(datetime.date.today().year))
    assert known.returncode == 0, known.stderr


@pytest.mark.commands
def test_a_refused_file_that_is_gone_is_no_alarm_and_neither_is_the_run_that_refused_it(
    own: Settings, jvom: Jvom
) -> None:
    file = own.raw / "2025" / "report.txt"
    file.parent.mkdir()
    for text in ("not a report", "not one either"):
        file.write_text(text, encoding="utf-8")
        assert jvom("build", *options(own)).returncode == 1
    state = answer(jvom("status", "--json", *options(own)))
    assert [row["gone"] for row in state["refused"]].count(True) == 1  # that of the bytes before
    sentences = " ".join(state["attention"])
    assert (sentences.count("2025 is refused"), "ingest, failed" in sentences) == (1, True)
    (own.raw / "2023").mkdir()
    (own.raw / "2023" / "other.txt").write_text("nor this", encoding="utf-8")
    assert jvom("build", *options(own)).returncode == 1
    failed = answer(jvom("logs", "--last-failure", "--json", *options(own)))
    assert sorted(each["edition_year"] for each in (failed, *failed["also_failed"])) == [2023, 2025]
    (own.raw / "2023" / "other.txt").unlink()
    file.unlink()
    shown = jvom("status", *options(own))
    assert shown.stdout.count("was refused; its file is gone") == 3
    assert "refused" not in shown.stderr
    assert "failed" not in shown.stderr


@pytest.mark.parametrize("garbage", [b"\xff\xfe\0", b"just words", b"a: [", b"storage: {module: nowhere}"])
def test_garbage_in_dagsters_settings_names_that_file(own: Settings, garbage: bytes) -> None:
    (own.dagster_home / "dagster.yaml").write_bytes(garbage)
    with pytest.raises(LakeError) as failure:
        last_attempts(own)
    assert str(failure.value.hint).startswith(f"remove {own.dagster_home / 'dagster.yaml'}")


def test_a_run_history_that_is_gone_in_part_is_not_one_without_failures(own: Settings) -> None:
    history(own).unlink()
    with pytest.raises(LakeError, match="is gone or empty"):
        last_attempts(own, failed=True)


@pytest.mark.parametrize("command", [pytest.param("build --recheck", marks=pytest.mark.commands), "logs"])
def test_a_damaged_run_history_may_be_moved_away(own: Settings, jvom: Jvom, command: str) -> None:
    history(own).write_bytes(b"x" * 8192)
    done = jvom(*command.split(), *options(own))
    assert done.returncode == 3, done.stderr
    assert f"move {own.dagster_home} away" in done.stderr
    state = answer(jvom("status", "--json", *options(own)))
    assert any("the run history" in sentence for sentence in state["attention"])
    if command != "logs":
        own.dagster_home.rename(own.warehouse / "away")
        assert jvom(*command.split(), *options(own)).returncode == 0


def test_what_a_killed_writer_left_is_listed_and_removed_and_nothing_else(own: Settings, jvom: Jvom) -> None:
    left = [
        own.warehouse / "lake" / "manifests" / ".000000002.json.0123456789ab",
        own.warehouse / "lake" / "manifests" / ".000000002.json.4711",
        own.raw / ".sources.lock.0123456789ab",
        own.warehouse / "jvom.duckdb.building",
        own.warehouse / ".site.building" / "index.html",
        own.warehouse / "backups" / ".copy.backup-12" / "x",
    ]
    for path in left:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("half")
    before = {path for folder in (own.warehouse, own.raw) for path in folder.rglob("*") if path.is_file()}
    listed = answer(jvom("gc", "--dry-run", "--json", *options(own)))["leftovers"]
    assert len(listed) == len(left)
    assert all(path.exists() for path in left)
    assert jvom("gc", *options(own)).returncode == 0
    after = {path for folder in (own.warehouse, own.raw) for path in folder.rglob("*") if path.is_file()}
    assert {path.name for path in before - after} == {path.name for path in left}
    said = jvom("gc", *options(own)).stdout
    assert said.startswith("nothing is left over\n")
    assert [line.split()[0] for line in said.splitlines() if "made again" in line] == [
        "jvom.duckdb",
        "site",
        "stage",
    ]
    shared, other = own.site / "index.html", own.releases / "page.html"
    before = {part.part: part.bytes for part in parts(own)}
    os.link(shared, other)
    after = {part.part: part.bytes for part in parts(own)}
    assert sum(after.values()) == sum(before.values())
    assert after["logs"] == sum(file.stat().st_size for file in own.logs.iterdir())
