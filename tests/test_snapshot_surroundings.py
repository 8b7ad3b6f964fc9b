"""Full disks, missing files, wrong catalogs: each an error with a next step, and nothing half recorded."""

from __future__ import annotations

import gzip
import importlib
import random
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from pipelines.lake import Authorship, Lake, connection
from pipelines.model import Recorded
from schemas.errors import LakeError
from tests.lake_child import PLAN, open_lake, record
from tests.support import building
from tests.support.building import VERSIONS


@pytest.fixture
def absent(tmp_path: Path) -> Lake:
    """A lake that is not there yet."""
    return open_lake(tmp_path)


@pytest.fixture
def lake(absent: Lake) -> Lake:
    """A lake with one vintage."""
    record(absent, PLAN[0])
    return absent


@contextmanager
def no_file_beyond(size: int) -> Iterator[None]:
    """As good as a full disk: this process may write no file larger than `size` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_leaves_nothing_half_recorded(lake: Lake) -> None:
    before = (lake.read(), lake.head())
    noise = random.Random(1).randbytes(1_500_000).hex()
    source = building.source_file(2024)
    large = building.edition_tables(2024, [], footnotes=[noise], source=source)

    def put() -> Recorded:
        return lake.record(2024, large, source=source, versions=VERSIONS, by=Authorship("tester", "run"))

    with (
        no_file_beyond(1_000_000),
        pytest.raises(LakeError, match="recording edition 2024 failed") as failure,
    ):
        put()
    assert failure.value.exit_code == 3
    assert failure.value.hint is not None
    assert "disk space" in failure.value.hint
    assert (lake.read(), lake.head()) == before
    assert put().written


def test_a_missing_data_file_is_an_error_with_a_next_step(lake: Lake) -> None:
    assert lake.address.folder is not None
    next(lake.address.folder.rglob("cells_vintages/**/*.parquet")).unlink()
    with pytest.raises(LakeError, match="reading the lake failed") as failure:
        lake.read()
    assert "restore it from a backup" in str(failure.value)


def test_an_empty_catalog_never_takes_over_another_ones_data(lake: Lake, tmp_path: Path) -> None:
    other = Lake(f"sqlite:{tmp_path / 'other.sqlite'}", lake.address.data)
    with pytest.raises(LakeError, match="has the files of another") as failure:
        record(other, PLAN[0])
    assert failure.value.hint is not None
    assert other.recover() == []
    assert lake.read()["vintages"].num_rows == 1


def test_the_catalog_is_one_of_two_kinds() -> None:
    with pytest.raises(LakeError, match="not mysql:") as failure:
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
    said = [entry.getMessage() for entry in caplog.records]
    assert (
        said
        == [
            "DuckDB extension sqlite_scanner: no usable package duckdb_extension_sqlite_scanner, "
            "so DuckDB installs it"
        ]
        * 2
    )


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
    for part in (
        "key_id=key",
        "endpoint=127.0.0.1:8333",
        "url_style=path",
        "use_ssl=false",
        "region=eu-west-1",
    ):
        assert part in secret


def test_importing_the_store_and_asking_for_its_head_is_light(lake: Lake) -> None:
    code = (
        "import sys, pipelines.lake, pipelines.publish.published\n"
        f"print(pipelines.lake.Lake({lake.address.catalog!r}, {lake.address.data!r}).head())\n"
        "print([name for name in ('duckdb', 'pyarrow', 'pandera', 'dagster') if name in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    head, heavy = answer.stdout.splitlines()
    assert head.startswith("vintage:2021:1:")
    assert heavy == "[]"


def test_a_catalog_that_is_none_is_an_error_with_a_next_step(absent: Lake) -> None:
    assert absent.address.file is not None
    absent.address.file.parent.mkdir(parents=True)
    absent.address.file.write_text("not a database" * 100)
    for use in (absent.head, absent.read):
        with pytest.raises(LakeError, match="not a database") as failure:
            use()
        assert failure.value.hint is not None
