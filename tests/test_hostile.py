"""Hostile documents through the command line: each is refused in one paragraph, and nothing is recorded."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hostile_documents import Hostile, pdfs, texts

from pipelines.cli import app as cli
from pipelines.settings import Settings, find
from tests.support import ROOT

LONGEST = 1_500  # characters of one problem, with its next step
YEARS = [year for year in range(2000, 2027) if year != 2024]


@pytest.fixture(scope="module")
def own(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A warehouse that was built, and a raw/ to put things in."""
    folder = tmp_path_factory.mktemp("hostile")
    shutil.copytree(built, folder / "warehouse")
    shutil.copytree(ROOT / "raw", folder / "raw")
    return find(folder / "raw", folder / "warehouse")


def hashes(settings: Settings) -> dict[str, str]:
    """Lake and published file, byte by byte; SQLite touches its `-shm` and the lock is no content."""
    files = [settings.published, *(settings.warehouse / "lake").rglob("*")]
    kept = [
        f for f in files if f.is_file() and not f.name.endswith(("-shm", "-wal", ".lock", ".holder.json"))
    ]
    return {str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in kept}


@contextmanager
def untouched(settings: Settings) -> Iterator[None]:
    """Whatever happens inside leaves lake, published file and raw/ as they were."""
    before = hashes(settings)
    assert len(before) > 5
    try:
        yield
    finally:
        for year in YEARS:
            shutil.rmtree(settings.raw / str(year), ignore_errors=True)
    assert hashes(settings) == before


def run(settings: Settings, capsys: pytest.CaptureFixture[str], *arguments: object) -> Any:
    """One command line in this process; the document that it answers. It must end with status 1."""
    where = ("--raw", settings.raw, "--warehouse", settings.warehouse, "--json")
    sys.modules.pop("pipelines.orchestration.definitions", None)  # as a new process: they hold the addresses
    assert cli.main([str(part) for part in (*arguments, *where)]) == 1
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("documents", [texts, pdfs], ids=["texts", "pdfs"])
def test_a_build_refuses_each_and_records_nothing(
    own: Settings, capsys: pytest.CaptureFixture[str], documents: Callable[[], Iterator[Hostile]]
) -> None:
    expected: dict[int, tuple[str, str]] = {}
    with untouched(own):
        for year, (name, words, data) in zip(YEARS, documents(), strict=False):
            expected[year] = (name, words)
            (own.raw / str(year)).mkdir()
            (own.raw / str(year) / "report").write_bytes(data)
        told = run(own, capsys, "build")
    assert len(expected) == len(list(documents()))
    errors = {outcome["edition_year"]: outcome["error"] for outcome in told["editions"]}
    assert errors.keys() == expected.keys()
    for year, (name, words) in expected.items():
        error = errors[year]
        assert words in error, name
        assert f"raw/{year}/report" in error, name
        assert "next: " in error, name
        assert "Traceback" not in error, name
        assert len(error) < LONGEST, name


@pytest.mark.parametrize(
    ("name", "words"),
    [("a password", "password"), ("a bomb of streams", "breaks its reader"), ("NUL bytes", "NUL bytes")],
)
def test_ingesting_one_records_nothing(
    own: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, words: str
) -> None:
    file = tmp_path / "report.pdf"
    file.write_bytes(next(data for n, _, data in [*texts(), *pdfs()] if n == name))
    with untouched(own):
        told = run(own, capsys, "ingest", file, "--year", 2023, "--keep")
        assert not (own.raw / "2023").exists()
    assert words in told["error"]["message"]


def make_a_folder(path: Path) -> None:
    path.mkdir()


def make_a_socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # the name of a socket is short
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)


def make_200_megabytes(path: Path) -> None:
    with path.open("wb") as stream:
        stream.write(b"Bijlage 1\n")
        stream.truncate(200 * 10**6)


THINGS: dict[str, tuple[Callable[[Path], None], str]] = {
    "a folder": (make_a_folder, "is a folder"),
    "a pipe": (os.mkfifo, "is not a regular file"),
    "a socket": (make_a_socket, "is not a regular file"),
    "a device without end": (lambda path: path.symlink_to("/dev/zero"), "is "),
    "a file that is not there": (lambda path: path.symlink_to("nothing"), "nnot"),
    "an empty file": (Path.touch, "is empty"),
    "200 megabytes": (make_200_megabytes, "200,000,000 bytes, over the limit of 52,428,800"),
}


@pytest.mark.parametrize("thing", THINGS)
def test_what_is_no_document_is_not_even_read(
    own: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str], thing: str
) -> None:
    make, words = THINGS[thing]
    with untouched(own):
        (own.raw / "2023").mkdir()
        make(own.raw / "2023" / "jvom-2023.txt")
        told = run(own, capsys, "build")
        assert words in told["error"]["message"]
        assert "raw/2023/jvom-2023.txt" in json.dumps(told)
        if thing != "a file that is not there":  # which is for the command line to refuse
            make(tmp_path / "report")
            told = run(own, capsys, "ingest", tmp_path / "report", "--year", 2023)
            assert words in told["error"]["message"]
            assert told["error"]["hint"]
    assert not list((own.warehouse / "sources").glob("*.tmp"))
