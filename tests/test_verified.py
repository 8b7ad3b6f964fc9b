"""Verification: whatever is not as it was recorded is named, and the result is in the record."""

import hashlib
import json
import re
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

import schemas
from pipelines import verify as verified
from pipelines.lake import Lake, seal
from pipelines.model import SourceFile
from pipelines.orchestration.plan import plan_build
from pipelines.settings import Settings, find
from pipelines.verify import complete
from schemas.errors import ServerError
from tests.support import NOBODY, Jvom, options

pytestmark = pytest.mark.usefixtures("without_child")


def flip(file: Path) -> None:
    """Change one bit in the middle of a file."""
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.chmod(0o644)
    file.write_bytes(data)


def raw_file(settings: Settings) -> Path:
    return settings.raw / "2024" / "jvom-2024.txt"


def parquet_file(settings: Settings) -> Path:
    return max(Path(settings.data).rglob("*.parquet"), key=lambda file: file.stat().st_size)


def test_a_sound_warehouse_is_recorded_as_such_and_stays_idle(own: Settings, jvom: Jvom) -> None:
    done = jvom("verify", *options(own))
    assert (done.returncode, done.stdout.partition("\n")[0]) == (0, "everything is as it was recorded")
    texts = [file.read_bytes() for file in sorted((own.warehouse / "lake" / "manifests").glob("*.json"))]
    count = len(list((own.warehouse / "lake" / "data").rglob("*.parquet"))) - 1  # that of its own result
    assert f"Parquet files: {count}," in done.stdout
    assert f"{hashlib.sha256(b''.join(texts)).hexdigest()}\n  is the SHA-256 of {len(texts)} " in done.stdout
    recorded = Lake(own.catalog, own.data).read()["verifications"].to_pylist()
    assert [(row["kind"], row["result"]) for row in recorded] == [("verification", verified.SOUND)]
    assert plan_build(own).is_empty


def one(folder: Path, pattern: str) -> Path:
    """The largest file that a pattern finds."""
    return max(folder.rglob(pattern), key=lambda file: file.stat().st_size)


def lake_manifest(settings: Settings) -> Path:
    return one(settings.warehouse / "lake" / "manifests", "*.json")


Place = Callable[[Settings], Path]

# Together where none hides another; a file that cannot be read hides what depends on it.
PLACES: dict[str, dict[str, Place]] = {
    "what was read": {
        "raw/2024/jvom-2024.txt": raw_file,
        "/data/personnel.csv": lambda settings: one(settings.releases, "personnel.csv"),
        "/changes.md": lambda settings: one(settings.releases, "changes.md"),
    },
    "what was kept": {
        "sources/": lambda settings: one(settings.kept, "*"),
        "/manifest.json": lambda settings: one(settings.releases, "manifest.json"),
    },
    "what is published": {"jvom.duckdb": lambda settings: settings.published},
    "a table": {"lake/data/main/sections_vintages/": parquet_file},
}


@pytest.mark.parametrize("where", PLACES)
def test_a_flipped_bit_is_named(own: Settings, where: str) -> None:
    """Whatever can happen to any file is in `tests/campaign/damage.py`."""
    for place in PLACES[where].values():
        flip(place(own))
    report = verified.verify(own)
    for name in PLACES[where]:
        named = [fault for fault in report.faults if name in fault.where]
        assert named, (name, report.faults)
        assert named[0].what
        assert named[0].since == "found now, by the first verification there is"


def test_a_flipped_bit_in_a_manifest_of_the_lake_is_not_taken_for_one_in_its_files(
    own: Settings,
) -> None:
    file = lake_manifest(own)
    text = file.read_text(encoding="utf-8")
    digest = json.loads(text)["files"][0]["sha256"]
    file.write_text(text.replace(digest, f"{'0' if digest[0] != '0' else '1'}{digest[1:]}"), encoding="utf-8")
    found = {fault.where for fault in verified.verify(own).faults}
    assert f"the manifest of snapshot {int(file.stem)}" in found
    file.unlink()
    assert any("no manifest that names it" in fault.what for fault in verified.verify(own).faults)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("sources.lock", "[[2024"),
        pytest.param("sources.lock", None, marks=pytest.mark.kills),
        pytest.param("sources.toml", "[[x", marks=pytest.mark.kills),
    ],
)
def test_a_lock_or_a_catalogue_that_cannot_be_read_is_named(
    own: Settings, name: str, text: str | None
) -> None:
    file = own.raw / name
    if text is None:
        file.unlink()
    else:
        file.write_text(text, encoding="utf-8")
    assert any(f"raw/{name}" in fault.where for fault in verified.verify(own).faults)


def test_a_catalog_that_is_broken_is_named_and_the_rest_is_checked(own: Settings, jvom: Jvom) -> None:
    Path(own.catalog.removeprefix("sqlite:")).write_bytes(b"x" * 5000)
    flip(raw_file(own))
    done = jvom("verify", *options(own))
    assert done.returncode == 1
    assert "catalog.sqlite: cannot be read" in done.stderr
    assert "raw/2024/jvom-2024.txt: has SHA-256" in done.stderr
    assert "the result cannot be recorded" in done.stderr


def test_a_table_that_cannot_be_read_is_named_and_the_catalog_is_not(own: Settings) -> None:
    file = one(Path(own.data), "personnel_vintages/**/*.parquet")
    spoilt = bytearray(file.read_bytes())
    spoilt[-400:-360] = b"U" * 40  # in its description, so that no row is read
    file.write_bytes(spoilt)
    (fault,) = verified.verify(own).faults
    assert fault.where == str(file.relative_to(own.warehouse))


@pytest.mark.commands
def test_since_when_something_is_wrong_is_reported(own: Settings, jvom: Jvom) -> None:
    assert verified.verify(own).faults == ()
    flip(raw_file(own))
    (first,) = verified.verify(own).faults
    flip(one(own.kept, "*"))
    done = jvom("verify", *options(own), "--json")
    assert done.returncode == 1, done.stdout
    said = json.loads(done.stdout)
    moments = [moment for moment, _ in Lake(own.catalog, own.data).verifications()]
    assert len(moments) == 3
    later = {fault["where"]: fault for fault in said["faults"]}
    kept_file = f"sources/{one(own.kept, '*').name}"
    assert set(later) == {first.where, kept_file, "edition 2024, vintage 1"}
    assert [first.sound_at, first.found_at] == [moments[0], None]
    assert later[first.where]["sound_at"][:19] == moments[0].isoformat()[:19]
    assert later[first.where]["found_at"][:19] == moments[1].isoformat()[:19]
    assert said["last_sound"][:19] == moments[0].isoformat()[:19]
    kept = later[kept_file]
    assert (kept["sound_at"][:19], kept["found_at"]) == (moments[1].isoformat()[:19], None)
    assert "found first on" in later[first.where]["since"]


def test_a_reading_that_gives_other_rows_is_named(own: Settings) -> None:
    def other(settings: Settings, source: SourceFile) -> dict[str, pa.Table]:
        read = dict(verified.read_again(settings, source))
        return {**read, "personnel": read["personnel"].slice(1)}

    report = verified.verify(own, other)
    assert [str(fault) for fault in report.faults] == [
        "edition 2024, vintage 1: reading its bytes again gives other rows"
    ]


def test_rows_keys_and_cells_are_compared(own: Settings) -> None:
    read = Lake(own.catalog, own.data).read()
    assert list(complete(read)) == []
    short = {**read, "personnel_vintages": read["personnel_vintages"].slice(1)}
    assert [fault.what for fault in complete(short)] == ["has 17 rows, recorded were 18"]
    no_cells = {**read, "cells_vintages": read["cells_vintages"].slice(0, 0)}
    assert any("must have a cell" in fault.what for fault in complete(no_cells))
    twice = {**read, "mandates_vintages": pa.concat_tables([read["mandates_vintages"]] * 2)}
    wrong = [fault.what for fault in complete(twice)]
    assert "has 26 rows, recorded were 13" in wrong
    assert sum("2 rows have the key" in what for what in wrong) == 13
    unknown = {**read, "vintages": read["vintages"].slice(0, 0)}
    assert any("a vintage that nobody recorded" in fault.what for fault in complete(unknown))
    other = read["cells_vintages"].to_pylist()
    other = [{**cell, "value_integer": 99} if cell["value_integer"] == 32 else cell for cell in other]
    changed = schemas.VINTAGE_TABLES["cells_vintages"].table(other)
    wrong = [fault.what for fault in complete({**read, "cells_vintages": changed})]
    assert "untso: deployed_military is 32 and must be what its cell says: 99" in wrong


def lake_folder(settings: Settings) -> Path:
    return settings.warehouse / "lake"


def catalog(settings: Settings) -> Path:
    return lake_folder(settings) / "catalog.sqlite"


def only(settings: Settings, kept: str) -> None:
    """Lose all of a warehouse but one thing."""
    for path in settings.warehouse.iterdir():
        if path.name != kept:
            shutil.rmtree(path) if path.is_dir() else path.unlink()


@pytest.mark.parametrize(
    "lose",
    [
        lambda own: shutil.rmtree(lake_folder(own)),
        lambda own: catalog(own).write_bytes(b""),
        lambda own: only(own, "sources"),
        lambda own: only(own, "jvom.duckdb"),
    ],
    ids=["the lake", "what is in the catalog", "all but sources", "all but what is published"],
)
def test_a_lost_lake_is_named_and_no_build_begins_another(
    own: Settings, jvom: Jvom, lose: Callable[[Settings], None]
) -> None:
    lose(own)
    published = own.published.exists() and own.published.read_bytes()
    for command, status in (("verify", 1), ("build", 3), ("status --check", 1)):
        done = jvom(*command.split(), *options(own))
        assert done.returncode == status
        assert re.search("the lake is gone|jvom.duckdb is here, and no record", done.stderr), done.stderr
    assert (own.published.exists() and own.published.read_bytes()) == published
    assert not catalog(own).exists() or catalog(own).stat().st_size == 0


@pytest.mark.commands
def test_a_lake_from_before_the_published_file_is_named_and_not_written_to(own: Settings, jvom: Jvom) -> None:
    before = catalog(own).read_bytes()
    assert jvom("withdraw", "2024", "--reason", "a test", *options(own)).returncode == 0
    catalog(own).write_bytes(before)
    (lake_folder(own) / "catalog.sqlite.sha256").unlink()
    assert any("does not have edition 2024, vintage 2" in fault.what for fault in verified.verify(own).faults)
    done = jvom("build", *options(own))
    assert (done.returncode, "lacks edition 2024, vintage 2" in done.stderr) == (3, True), done.stderr


def test_a_changed_word_in_the_catalog_is_named_and_not_written_to(own: Settings, jvom: Jvom) -> None:
    with closing(sqlite3.connect(catalog(own))) as opened, opened:
        opened.execute("UPDATE ducklake_snapshot_changes SET author = 'somebody else'")
    (fault,) = verified.verify(own).faults[:1]
    assert fault.what == "the catalog is not as its last writer left it"
    done = jvom("withdraw", "2024", "--reason", "a test", *options(own))
    assert (done.returncode, "not as its last writer left it" in done.stderr) == (3, True), done.stderr


def test_files_of_the_site_and_of_every_package_are_checked(own: Settings) -> None:
    changed = [one(own.site, "*.html"), one(own.releases, "SHA256SUMS"), one(own.releases, "*.parquet")]
    flip(changed[0])
    changed[1].unlink()
    flip(changed[2])
    named = {fault.where for fault in verified.verify(own).faults}
    assert {str(file.relative_to(own.warehouse)) for file in changed} <= named
    (own.site / ".built").unlink()
    assert "site/.built" in {fault.where for fault in verified.verify(own).faults}
    assert "site" in plan_build(own).publish


def test_what_nobody_recorded_is_named_and_nothing_is_wrong_with_the_record(own: Settings) -> None:
    release = max(own.releases.iterdir(), key=lambda folder: folder.stat().st_mtime)
    planted = [
        own.kept / "0123",
        own.warehouse / "lake" / "data" / "main" / "x.parquet",
        own.releases / "forged" / "manifest.json",
        own.site / "en" / "forged.html",
        release / "data" / "forged.csv",
    ]
    for file in planted:
        file.parent.mkdir(exist_ok=True)
        file.write_text("anything", encoding="utf-8")
    report = verified.verify(own)
    named = [str(file.relative_to(own.warehouse)).removesuffix("/manifest.json") for file in planted]
    assert {each.where for each in report.unknown} == {*named}
    assert [fault.where for fault in report.faults] == ["sources/0123"]  # its bytes are not its name


def test_a_damaged_run_history_is_named_and_is_not_the_record(own: Settings) -> None:
    with closing(sqlite3.connect(one(own.dagster_home, "runs.db"))) as opened, opened:
        opened.execute(
            "UPDATE run_tags SET key = ?, value = '2023-gone' WHERE id = 1", [verified.REFUSED_TAG]
        )
    assert [fault.where for fault in verified.verify(own).faults] == ["quarantine/2023-gone"]
    flip_header(one(own.dagster_home, "runs.db"))
    (fault,) = verified.verify(own).faults
    assert fault.where.endswith("runs.db")
    assert "move warehouse/dagster away" in fault.what


def test_where_nothing_is_recorded_yet_that_is_what_is_said(tmp_path: Path) -> None:
    report = verified.verify(find(tmp_path / "raw", tmp_path / "warehouse"))
    assert (report.faults, [fault.what for fault in report.unfinished]) == ((), ["nothing is recorded yet"])


def flip_header(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[:16] = b"x" * 16
    file.write_bytes(data)


def test_an_object_store_that_does_not_answer_is_no_fault_of_the_record(
    own: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "somebody's")
    monkeypatch.setenv("AWS_ENDPOINT_URL", NOBODY)
    with pytest.raises(ServerError) as failure:
        verified.verify(replace(own, data="s3://bucket/lake/"))
    assert failure.value.exit_code == 3
    assert "store" in str(failure.value.hint)
    assert "runs" in str(failure.value.hint)


def without(own: Settings, *names: str) -> None:
    for path in (own.warehouse / name for name in names):
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def only_manifest(own: Settings, *gone: str) -> Path:
    """A release as a writer leaves it that was ended before its package: the folder."""
    (folder,) = (file.parent for file in own.releases.glob("*/manifest.json"))
    for path in folder.iterdir():
        if path.name not in {"manifest.json", "changes.md"} - set(gone):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    return folder


def begun_again(own: Settings) -> None:
    """The marks of a writer that died at its first commit."""
    max((lake_folder(own) / "manifests").glob("*.json")).unlink()
    without(own, "releases", "site", "jvom.duckdb", "lake/catalog.sqlite.sha256")
    seal.begin(Lake.of(own).address)


def history_begins(own: Settings) -> None:
    without(own, "dagster/history", "site")
    (own.dagster_home / "history" / "runs").mkdir(parents=True)
    for name in ("runs.db", "runs/index.db"):
        (own.dagster_home / "history" / name).touch()


@pytest.mark.parametrize(
    ("end", "where"),
    [
        (
            lambda own: (only_manifest(own, "manifest.json"), without(own, "site")),
            "manifest.json|jvom.duckdb",
        ),
        (lambda own: (only_manifest(own), without(own, "site")), "releases/.*"),
        (lambda own: without(own, "site"), "site"),
        (begun_again, "lake/data/.*"),
        (history_begins, "site"),
    ],
    ids=[
        "before its manifest",
        "before its package",
        "before the site",
        "before its seal",
        "a history begins",
    ],
)
def test_what_a_writer_that_was_ended_leaves_is_not_called_damage(
    own: Settings, jvom: Jvom, end: Callable[[Settings], object], where: str
) -> None:
    end(own)
    said = jvom("verify", *options(own))
    assert said.returncode == 3, said.stderr
    assert "not finished: " in said.stderr
    assert "next: jvom build" in said.stderr
    assert "backup" not in said.stderr
    report = verified.verify(own)  # the first did not make damage of it
    assert report.faults == ()
    assert any(re.fullmatch(where, fault.where) for fault in report.unfinished), report.unfinished
    assert "published" not in {fault.where for fault in report.unfinished}  # a folder that only a store has


def test_where_what_comes_after_it_is_there_what_is_gone_is_damage(own: Settings) -> None:
    folder = only_manifest(own, "manifest.json")  # the site is of it
    assert any("manifest.json" in fault.where for fault in verified.verify(own).faults)
    (folder / "SHA256SUMS").write_text("of its package\n")
    without(own, "site")
    assert any("manifest.json" in fault.where for fault in verified.verify(own).faults)


def test_another_writer_is_waited_for_and_named(own: Settings, jvom: Jvom) -> None:
    with Lake.of(own).writer():
        said = jvom("verify", *options(own), "--timeout", "0.1")
    assert said.returncode == 3
    assert "waiting for the lake's writer lock, held by process" in said.stderr
