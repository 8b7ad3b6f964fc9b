"""Places in a bucket of a real S3 service, and what machines find there (`./setup team`, else skipped)."""

import hashlib
import json
import os
from contextlib import closing
from pathlib import Path

import pytest

from pipelines import files, publication, raw, store
from pipelines.lake.connection import Address, surroundings
from pipelines.store import Remote, place
from schemas.errors import LakeError, ServerError
from tests.support import servers
from tests.support.cases import cases

pytestmark = pytest.mark.team
obstore = pytest.importorskip("obstore", reason="the packages of a team are not installed (./setup team)")


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_a_place_in_a_bucket_is_used_as_a_folder_is(remote: Remote) -> None:
    assert not remote.exists()
    assert [*remote.iterdir()] == []
    files.put(remote / "2024" / "één file.txt", b"text")
    files.put(remote / "2024" / "part" / "deep.json", b"{}")
    assert (remote / "2024").is_dir()
    assert not (remote / "2024").is_file()
    files.put(remote / "2024" / "index.html", b"<p>")
    page = remote / "2024" / "index.html"
    about = obstore.get(page._client, page._key).attributes
    assert about["Content-Type"] == "text/html"
    page.unlink()
    assert [path.name for path in (remote / "2024").iterdir()] == ["part", "één file.txt"]
    assert [path.name for path in remote.glob("2024/*.txt")] == ["één file.txt"]
    assert [path.name for path in remote.rglob("*.json")] == ["deep.json"]
    assert files.read_bounded(remote / "2024" / "één file.txt", "it") == b"text"
    assert files.get(remote / "nothing") is None
    with pytest.raises(FileNotFoundError):
        (remote / "nothing").read_bytes()
    assert str(remote / "2024") == f"{remote}/2024"
    with pytest.raises(TypeError, match="not on this machine"):
        os.stat(remote / "2024" / "één file.txt")


def test_a_generated_folder_in_a_bucket_is_what_it_was_built_from(remote: Remote) -> None:
    site = remote / "site"
    files.put_folder(site, {"index.html": b"1", "old.html": b"1"}, "release 1")
    files.put(site / "kept.json", b"k")
    files.put_folder(site, {"index.html": b"2", "new.html": b"1"}, "release 2", keep=["kept.json"])
    assert files.built_from(site) == "release 2"
    assert {path.name for path in site.iterdir()} == {files.MARK, "index.html", "new.html", "kept.json"}
    assert [*files.altered(site)] == []
    files.put(site / "index.html", b"3")
    assert [path for path, _ in files.altered(site)] == ["index.html"]


def test_what_several_machines_write_at_once_is_not_lost(remote: Remote) -> None:
    assert files.put_new(remote / "one", b"first")
    assert not files.put_new(remote / "one", b"second")
    assert (remote / "one").read_bytes() == b"first"
    asked: list[bytes] = []

    def renew() -> bytes:
        found = files.get(remote / "list") or b""
        if not asked:  # another machine is quicker
            files.put(remote / "list", b"theirs ")
        asked.append(found)
        return found + b"ours"

    assert files.change(remote / "list", renew)
    assert (remote / "list").read_bytes() == b"theirs ours"
    assert asked == [b"", b"theirs "]
    added = [raw.add(remote, 2031, "report.txt", text) for text in (b"one\n", b"two\n", b"one\n")]
    assert [file.path for file in added] == [f"raw/2031/report{end}.txt" for end in ("", "-2", "")]
    assert raw.lock(remote, raw.survey(remote)[0][2031])
    assert not raw.lock(remote, raw.survey(remote)[0][2031])
    assert {file.sha256 for file in raw.lock_entries(remote)[2031]} == {file.sha256 for file in added}


def test_readers_see_one_published_file_or_the_next(remote: Remote, tmp_path: Path) -> None:
    def put(release_id: str, data: bytes) -> None:
        file = publication.building(tmp_path / "writer", release_id)
        files.put(file, data)
        publication.put(remote, file, release_id, _sha256(data))

    reader = tmp_path / "reader"
    assert not publication.copy(remote, reader).exists()
    for release_id, data in (("a", b"1"), ("b", b"2"), ("b", b"3")):
        put(release_id, data)
        assert publication.copy(remote, reader).read_bytes() == data
        assert [*files.altered(remote / publication.FOLDER)] == []
    assert len([*(reader / "published").iterdir()]) == 1
    # A publisher died between the file and the pointer: both names it gave are good.
    hashes = [_sha256(data) for data in (b"4", b"3")]
    files.put(
        remote / "published" / publication.POINTER, json.dumps({"release_id": "b", "sha256": hashes}).encode()
    )
    for data in (b"3", b"4"):
        files.put(remote / "published" / "b.duckdb", data)
        assert publication.copy(remote, tmp_path / data.hex()).read_bytes() == data
    files.put(remote / "published" / "b.duckdb", b"damaged")
    assert "b.duckdb" in {path for path, _ in files.altered(remote / publication.FOLDER)}
    with pytest.raises(Exception, match="not the file that"):
        publication.copy(remote, tmp_path / "another")


@cases("change", "words")
def test_a_store_that_does_not_answer_is_not_an_empty_one(
    remote: Remote, monkeypatch: pytest.MonkeyPatch, change: dict[str, str], words: str
) -> None:
    for name, value in {**change, "JVOM_STORE_RETRIES": "0"}.items():
        monkeypatch.setenv(name, value)
    store._bucket.cache_clear()
    there = remote / "401 credential" if change else place("s3://no-such-bucket/x")
    for use in (there.exists, lambda: files.get(there / "x"), lambda: [*there.iterdir()]):
        with pytest.raises(ServerError) as failure:
            use()
        assert words in str(failure.value)
        assert "a-secret" not in str(failure.value)


def test_how_long_an_error_took_is_not_its_status() -> None:
    waited = "Error performing HEAD in 403.582078ms, after 3 retries, HTTP error: error sending request"
    assert "that the store runs" in store.hint_for(waited)
    assert "credentials" in store.hint_for(
        "Error performing HEAD in 8ms: Client error with status 403 Forbidden"
    )
    for said, hint in (
        ("IO Error: write of 4033 bytes to ducklake-404f.parquet: broken pipe", "run it again"),
        ("HTTP Error: Unable to connect to URL s3://b/x: Forbidden (HTTP code 403)", "credentials"),
        ("HTTP GET error reading 's3://b/x' in region 'x' (HTTP 404 Not Found)", "is missing"),
    ):
        with pytest.raises(LakeError) as failure, surroundings("reading", Address("sqlite:/x", "/data/")):
            raise OSError(said)
        assert hint in str(failure.value.hint)


def test_what_was_read_once_comes_again_only_if_it_has_changed(
    remote: Remote, bucket: servers.Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(servers.Counting(bucket.port)) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{proxy.port}")
        store._bucket.cache_clear()
        file = remote / "2024" / "report.txt"
        files.put(file, b"x" * 100_000)
        assert len(files.read_bounded(file, "it")) == 100_000
        before = proxy.bytes
        assert len(files.read_bounded(file, "it")) == 100_000
        assert proxy.bytes - before < 1_000
        files.put(file, b"y" * 100_000)
        assert files.read_bounded(file, "it") == b"y" * 100_000
