"""The lake: what is recorded is read back, once, with its cause, or nothing is recorded at all."""

import dataclasses
import datetime
import gzip
import importlib
import random
import resource
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import schemas
from pipelines.lake import Authorship, Lake, connection, decision, history, tables
from pipelines.lake.connection import Attached, attached
from pipelines.model import EditionState, Fidelity, Recorded, SourceFile, Versions
from schemas.errors import LakeError, UsageError
from tests.support import building
from tests.support.building import VERSIONS
from tests.support.cases import cases
from tests.support.lakes import OTHER_CODE, PLAN, RELEASE, open_lake, put, record

ROWS = [{"mission_id": "unifil", "deployed_military": 3}, {"mission_id": "undof", "frame_military": 1}]


def snapshots(lake: Lake) -> int:
    assert lake.address.file is not None
    with sqlite3.connect(lake.address.file) as catalog:
        (count,) = catalog.execute("SELECT count(*) FROM ducklake_snapshot").fetchone()
    return int(count)


def test_no_lake_reads_as_empty_tables_and_makes_nothing(absent: Lake, tmp_path: Path) -> None:
    read = absent.read()
    assert read.keys() == {*schemas.VINTAGE_TABLES, *schemas.RECORD}
    assert all(table.num_rows == 0 for table in read.values())
    assert all(table.schema == schemas.RELATIONS[name].arrow for name, table in read.items())
    assert (absent.head(), absent.holder(), absent.recover()) == (None, None, [])
    assert absent.edition_state(2024) is None
    assert list(tmp_path.iterdir()) == []


def test_what_is_recorded_is_read_back(lake: Lake) -> None:
    day = datetime.date(2024, 8, 31)
    mandates = [{"mission_id": "unifil", "international_mandate_end": day}]
    read = building.edition_tables(2024, ROWS, mandates=mandates, footnotes=["a"], sections=["b", "c"])
    recorded = put(lake, read)
    assert (recorded.vintage, recorded.cause, recorded.written) == (1, "first reading", True)
    back = lake.read()
    for name, table in read.items():
        stamped = back[f"{name}_vintages"]
        assert stamped.schema == schemas.VINTAGE_TABLES[f"{name}_vintages"].arrow
        assert stamped["vintage"].to_pylist() == [1] * table.num_rows
        contract = schemas.TABLES[name]
        by_key = [(key, "ascending") for key in contract.key]
        assert stamped.select(table.column_names).to_pylist() == table.sort_by(by_key).to_pylist()
    for name, table in back.items():
        schemas.RELATIONS[name].pandera.validate(table, lazy=True)
    assert back["editions_vintages"]["withdrawn"].to_pylist() == [False]
    (vintage,) = back["vintages"].to_pylist()
    assert vintage["snapshot_id"] == recorded.snapshot_id
    assert (vintage["actor"], vintage["run_id"], vintage["git_commit"]) == ("tester", "run-1", "abc")
    assert dict(vintage["row_counts"]) == {name: table.num_rows for name, table in read.items()}
    state = lake.edition_state(2024)
    assert state
    assert (state.source, state.seen) == (building.source_file(2024), {building.source_file(2024).sha256})


def test_the_same_bytes_by_the_same_versions_write_nothing_and_other_rows_a_vintage(lake: Lake) -> None:
    read = building.edition_tables(2024, ROWS)
    first = put(lake, read)
    before = (snapshots(lake), lake.head())
    again = put(lake, read)
    assert not again.written
    assert (again.vintage, again.snapshot_id) == (first.vintage, first.snapshot_id)
    assert (snapshots(lake), lake.head()) == before
    recorded = put(lake, building.edition_tables(2024, ROWS[:1]), code="1" * 12)
    assert (recorded.vintage, recorded.cause, recorded.written) == (2, "code changed", True)
    assert recorded.reason == f"reading code {VERSIONS.code} → {'1' * 12}"
    assert lake.head() != before[1]
    assert lake.read()["personnel_vintages"]["vintage"].to_pylist() == [1, 1, 2]
    assert lake.read()["vintages"]["reason"].to_pylist()[1] == recorded.reason


def state_of(source: SourceFile, *again: Versions) -> EditionState:
    """A latest vintage with content `same`, read by the usual versions and read again by others."""
    seen = frozenset({source.sha256})
    versions = (VERSIONS, *again)
    return EditionState(1, "first reading", source, "same", versions, seen, None, building.RECORDED_AT)


@cases("changes", "cause", "reason")
def test_the_cause_is_what_changed(changes: dict[str, str], cause: str, reason: str) -> None:
    source, versions = building.source_file(2024), dataclasses.replace(VERSIONS, **changes)
    decided = decision.plan_write(state_of(source), source, versions, "other")
    assert (decided.write, decided.cause) == ("vintage", cause)
    assert decided.reason.startswith(reason)
    assert decision.plan_write(state_of(source), source, versions, "same").write == "verification"
    assert decision.plan_write(state_of(source, versions), source, versions, "same").write == "nothing"
    assert decision.plan_write(state_of(source, versions), source, VERSIONS, "same").write == "nothing"


@cases("before", "after", "cause")
def test_another_file_is_a_vintage_even_with_the_same_rows(
    before: Fidelity, after: Fidelity, cause: str
) -> None:
    old = building.source_file(2024, "old", fidelity=before)
    new = building.source_file(2024, "new", fidelity=after)
    decided = decision.plan_write(state_of(old), new, VERSIONS, "same")
    assert (decided.write, decided.cause) == ("vintage", cause)
    assert decided.reason == f"{before} {old.sha256[:12]} gave way to {after} {new.sha256[:12]}"


def test_the_same_rows_by_other_versions_are_a_verification(lake: Lake) -> None:
    read = building.edition_tables(2024, ROWS)
    put(lake, read)
    again = put(lake, read, code="1" * 12)
    assert (again.vintage, again.written) == (1, False)
    count = snapshots(lake)
    put(lake, read, code="1" * 12)
    put(lake, read)
    assert snapshots(lake) == count  # both versions are known now
    (verified,) = lake.read()["verifications"].to_pylist()
    known = (verified["kind"], verified["edition_year"], verified["code_version"])
    assert known == ("read again", 2024, "1" * 12)
    assert verified["result"].startswith("the same rows as vintage 1")
    assert lake.head() == f"read again:2024:1:{building.source_file(2024).sha256[:8]}:{'1' * 12}:" + ":".join(
        [VERSIONS.registry, VERSIONS.declarations]
    )
    later = put(lake, building.edition_tables(2024, ROWS[:1]), code="1" * 12, registry="2" * 12)
    assert later.cause == "registry changed"  # the code was known to read the same


def test_places_are_no_content_and_values_are() -> None:
    read = building.edition_tables(2024, ROWS)
    content = decision.content_hash(read)
    personnel = read["personnel"]
    line = personnel.column_names.index("source_line")
    moved = personnel.set_column(line, personnel.field(line), pa.array([7, 8], pa.int32()))
    reordered = personnel.take([1, 0])
    assert decision.content_hash({**read, "personnel": moved}) == content
    assert decision.content_hash({**read, "personnel": reordered}) == content
    other_file = building.edition_tables(2024, ROWS, source=building.source_file(2024, "other"))
    assert decision.content_hash(other_file) == content
    for name in ("mission_as_printed", "deployed_total", "footnotes"):
        place = personnel.column_names.index(name)
        value = {"mission_as_printed": "X", "deployed_total": 9, "footnotes": [1]}[name]
        changed = personnel.set_column(
            place, personnel.field(place), pa.array([value] * 2, personnel.field(place).type)
        )
        assert decision.content_hash({**read, "personnel": changed}) != content


def test_a_commit_says_what_it_is_and_tables_carry_the_contracts_comments(lake: Lake) -> None:
    put(lake, building.edition_tables(2024, ROWS))
    with connection.attached(lake.address, "looking", write=False) as there:
        assert there is not None
        author, message, info = there.rows(
            "SELECT author, commit_message, commit_extra_info::JSON FROM "
            f"{there.metadata('ducklake_snapshot_changes')} ORDER BY snapshot_id DESC LIMIT 1"
        )[0]
        of_tables = dict(
            there.rows("SELECT table_name, comment FROM duckdb_tables() WHERE database_name = ?", there.name)
        )
        of_columns = there.rows(
            "SELECT table_name, column_name, comment FROM duckdb_columns() WHERE database_name = ?",
            there.name,
        )
    assert author == "tester"
    assert message.startswith("Edition 2024, vintage 1: first reading")
    said = ('"edition_year": 2024', '"run_id": "run-1"', building.source_file(2024).sha256, VERSIONS.code)
    assert all(part in info for part in said)
    contracts = tables.contracts()
    assert of_tables == {name: contract.documentation for name, contract in contracts.items()}
    for table, column, comment in of_columns:
        assert comment == contracts[table][column].documentation


def test_data_are_zstd_parquet_by_year_and_none_is_in_the_catalog(lake: Lake) -> None:
    put(lake, building.edition_tables(2024, ROWS))
    files = sorted(lake.address.folder.rglob("*.parquet"))
    assert {file.parent.name for file in files} == {"edition_year=2024"}
    assert {file.parent.parent.name for file in files} >= {"personnel_vintages", "cells_vintages", "vintages"}
    assert {pq.read_metadata(file).row_group(0).column(0).compression for file in files} == {"ZSTD"}
    with sqlite3.connect(f"{lake.address.file}") as catalog:
        assert catalog.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        options = dict(catalog.execute("SELECT key, value FROM ducklake_metadata").fetchall())
        inlined = catalog.execute("SELECT count(*) FROM ducklake_inlined_data_tables").fetchone()
    assert (options["require_commit_message"], options["data_inlining_row_limit"]) == ("true", "0")
    assert inlined == (0,)


def test_a_release_is_recorded_once(lake: Lake) -> None:
    put(lake, building.edition_tables(2024, ROWS))
    assert lake.add_release({"release_id": "b" * 12, **RELEASE})
    assert lake.head() == f"release:{'b' * 12}"
    assert lake.add_release({"release_id": "a" * 12, **RELEASE})
    assert not lake.add_release({"release_id": "b" * 12, **RELEASE})
    releases = lake.read()["releases"]
    assert releases["release_id"].to_pylist() == ["b" * 12, "a" * 12]  # in order of time
    assert releases["vintages"].to_pylist()[0] == [(2021, 2)]


def test_the_newest_commit_is_found_with_and_without_duckdb(lake: Lake) -> None:
    put(lake, building.edition_tables(2024, ROWS))
    alone = lake.head()
    assert alone is not None
    assert alone.startswith("vintage:2024:1:")
    with connection.attached(lake.address, "reading", write=False):
        with connection.sqlite_alone(lake.address) as catalog:
            assert catalog is None  # two SQLite libraries at once would drop each other's locks
        assert lake.head() == alone


@pytest.mark.parametrize("made", [False, True])
def test_a_catalog_without_tables_counts_as_none_and_is_filled(absent: Lake, made: bool) -> None:
    """An empty file, and what there is before the first commit."""
    assert absent.address.file is not None
    absent.address.file.parent.mkdir(parents=True)
    if made:
        absent.begin()
    else:
        absent.address.file.touch()
    assert (absent.head(), absent.read()["vintages"].num_rows) == (None, 0)
    assert (absent.edition_state(2024), absent.recover()) == (None, [])
    assert put(absent, building.edition_tables(2024, ROWS)).vintage == 1


def test_a_moved_lake_opens(lake: Lake, tmp_path: Path) -> None:
    put(lake, building.edition_tables(2024, ROWS))
    before = lake.read()
    lake.close()
    (tmp_path / "lake").rename(tmp_path / "elsewhere")
    (tmp_path / "new").mkdir()
    (tmp_path / "elsewhere").rename(tmp_path / "new" / "lake")
    moved = open_lake(tmp_path / "new")
    assert moved.read() == before
    assert record(moved, PLAN[0]).written


def test_versions_known_to_give_the_same_rows_hold_over_many_changes(lake: Lake) -> None:
    for step in PLAN:
        record(lake, step)
    assert not record(lake, PLAN[2]).written
    assert not record(lake, (2021, "second", OTHER_CODE, 4)).written
    read = lake.read()
    assert read["vintages"].select(["edition_year", "vintage"]).to_pylist() == [
        {"edition_year": year, "vintage": vintage}
        for year, vintage in [(2021, 1), (2021, 2), (2022, 1), (2022, 2), (2023, 1)]
    ]
    assert read["verifications"]["edition_year"].to_pylist() == [2022, 2021]


# Full disks, missing files, wrong catalogs: each an error with a next step, and nothing half recorded.


@pytest.fixture
def filled(absent: Lake) -> Lake:
    record(absent, PLAN[0])
    return absent


def test_a_commit_between_rows_and_snapshots_has_everything_read_again(
    filled: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected, look, seen = filled.read(), tables.vintage_snapshots, list[int]()

    def late(lake: Attached, since: int | None) -> dict[tuple[int, int], int]:
        seen.append(1)
        return look(lake, since) if len(seen) > 2 else {}

    monkeypatch.setattr(tables, "vintage_snapshots", late)
    assert filled.read() == expected
    assert len(seen) == 3


@contextmanager
def no_file_beyond(size: int) -> Iterator[None]:
    """As good as a full disk: this process may write no file larger than `size` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_leaves_nothing_half_recorded(filled: Lake) -> None:
    before = (filled.read(), filled.head())
    noise = random.Random(1).randbytes(1_500_000).hex()
    source = building.source_file(2024)
    large = building.edition_tables(2024, [], footnotes=[noise], source=source)

    def put() -> Recorded:
        return filled.record(2024, large, source=source, versions=VERSIONS, by=Authorship("tester", "run"))

    with (
        no_file_beyond(1_000_000),
        pytest.raises(LakeError, match="recording edition 2024 failed") as failure,
    ):
        put()
    assert failure.value.exit_code == 3
    assert failure.value.hint is not None
    assert "disk space" in failure.value.hint
    assert (filled.read(), filled.head()) == before
    assert put().written


def test_a_missing_data_file_is_an_error_with_a_next_step(filled: Lake) -> None:
    next(filled.address.folder.rglob("cells_vintages/**/*.parquet")).unlink()
    with pytest.raises(LakeError, match="reading the lake failed") as failure:
        filled.read()
    assert "restore it from a backup" in str(failure.value)


def test_an_empty_catalog_never_takes_over_another_ones_data(filled: Lake, tmp_path: Path) -> None:
    other = Lake(f"sqlite:{tmp_path / 'other.sqlite'}", filled.address.data)
    with pytest.raises(LakeError, match="the lake is gone") as failure:
        record(other, PLAN[0])
    assert failure.value.hint is not None
    assert other.recover() == []
    assert filled.read()["vintages"].num_rows == 1


def test_the_catalog_is_one_of_two_kinds() -> None:
    with pytest.raises(UsageError, match="neither a file nor a server") as failure:
        Lake("mysql:host=db password=secret", "data/")
    assert "secret" not in str(failure.value)


def test_an_extension_without_its_package_is_installed_by_duckdb(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    package = importlib.import_module("duckdb_extension_sqlite_scanner")
    (file,) = Path(str(package.__file__)).parent.rglob("*.duckdb_extension")
    repository = tmp_path / "repository"
    monkeypatch.setitem(sys.modules, "duckdb_extension_sqlite_scanner", None)
    with duckdb.connect(config={"extension_directory": str(tmp_path / "installed")}) as connected:
        connected.execute(f"SET custom_extension_repository = '{repository}'")
        with pytest.raises(LakeError, match="neither installed") as failure:
            connection.load_extension(connected, "sqlite_scanner")
        assert failure.value.hint == f'pip install "duckdb-extension-sqlite-scanner=={duckdb.__version__}"'

        (platform,) = connected.execute("PRAGMA platform").fetchone() or ("",)
        offered = repository / f"v{duckdb.__version__}" / platform / "sqlite_scanner.duckdb_extension.gz"
        offered.parent.mkdir(parents=True)
        offered.write_bytes(gzip.compress(file.read_bytes(), 1))
        connection.load_extension(connected, "sqlite_scanner")
        connected.execute(f"ATTACH '{tmp_path / 'new.sqlite'}' AS new (TYPE sqlite)")
        assert connected.execute("SELECT current_setting('allow_unsigned_extensions')").fetchone() == (False,)
    missing = "no usable package duckdb_extension_sqlite_scanner, so DuckDB installs it"
    said = [entry.getMessage() for entry in caplog.records]
    assert said == [f"DuckDB extension sqlite_scanner: {missing}"] * 2


def test_an_object_store_is_reached_as_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "it's secret",
        "AWS_REGION": "eu-west-1",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:8333",
    }.items():
        monkeypatch.setenv(name, value)
    with duckdb.connect() as connected:
        connection.load_extension(connected, "httpfs")
        connected.execute(connection.s3_secret())
        (secret,) = connected.execute("SELECT secret_string FROM duckdb_secrets()").fetchone() or ("",)
    expected = "key_id=key endpoint=127.0.0.1:8333 url_style=path use_ssl=false region=eu-west-1"
    assert set(expected.split()) <= set(secret.split(";"))


def test_patience_with_an_object_store_is_that_of_each_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JVOM_STORE_TIMEOUT", "7")
    monkeypatch.setenv("JVOM_STORE_RETRIES", "2")
    connection.close()
    of_store = connection.Address(f"sqlite:{tmp_path / 'catalog.sqlite'}", "s3://jvom/data")
    with connection._instance(of_store).cursor() as connected:
        query = "SELECT current_setting('http_timeout'), current_setting('http_retries')"
        assert connected.execute(query).fetchone() == (7, 2)
    connection.close()


def test_a_catalog_that_is_none_is_an_error_with_a_next_step(absent: Lake) -> None:
    assert absent.address.file is not None
    absent.address.file.parent.mkdir(parents=True)
    absent.address.file.write_text("not a database" * 100)
    for use in (absent.head, absent.read):
        with pytest.raises(LakeError, match="not a database") as failure:
            use()
        assert failure.value.hint is not None


def test_a_decision_reads_the_newest_vintage_alone_unless_it_looks_at_earlier_ones(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [building.source_file(2024, text) for text in "abc"]
    for text, source in zip("abc", files, strict=True):
        put(lake, building.edition_tables(2024, ROWS, source=source), text)
        put(lake, building.edition_tables(2024, ROWS[:1], source=source), text, code=OTHER_CODE.code)
    read = building.edition_tables(2024, ROWS[:1], source=files[2])
    put(lake, read, "c", registry="2" * 12)  # the same rows: a verification
    states, asked = history.edition_states, list[bool]()

    def counted(of: Attached, year: int, since: int | None = None) -> dict[int, EditionState]:
        asked.append(since is None)  # for all of its vintages
        return states(of, year, since)

    monkeypatch.setattr(history, "edition_states", counted)

    def decided(source: SourceFile, content: str) -> EditionState | None:
        asked.clear()
        with attached(lake.address, "asking", write=False) as opened:
            assert opened
            return history.state_for(opened, source, content)

    def newest() -> EditionState:
        state = lake.edition_state(2024)
        assert state
        return state

    whole, here = newest(), frozenset({files[2].sha256})
    assert (len(whole.versions), len(whole.seen)) == (2, 3)
    for source, content in ((files[2], "other"), (files[2], whole.content_hash), (files[0], "other")):
        assert decided(source, content) == dataclasses.replace(whole, seen=here)
        assert asked == [False]
    assert decided(files[0], whole.content_hash) == whole  # may be another service's rendering
    assert asked == [False, True]
    lake.decide("withdraw", 2024, "wrong", by=Authorship("tester", "run-2"))
    assert decided(files[2], "other") == dataclasses.replace(newest(), seen=here)
    lake.decide("restore", 2024, "right", vintage=1, by=Authorship("tester", "run-3"))
    assert decided(files[2], "other") == newest()
    assert decided(building.source_file(2023), "other") is None
