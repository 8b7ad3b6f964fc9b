"""Hostile documents: each is refused in one paragraph, and nothing is recorded."""

import hashlib
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pipelines.cli import app as cli
from pipelines.extract import read, sandbox
from pipelines.model import Edition, SourceFile
from pipelines.settings import Settings
from schemas import registry
from schemas.errors import JvomError
from tests.support import copied, hashes, options
from tests.support.hostile_documents import BREAKING, LONGEST, Hostile, pdfs, texts


@pytest.mark.parametrize("documents", [texts, pdfs])
def test_each_is_refused_in_one_paragraph(
    documents: Callable[[], Iterator[Hostile]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In this process, but for one: `test_build` has some read by a build, and `test_sandbox` the limits."""
    known = registry.load()
    for name, words, data in documents():
        source = SourceFile(
            2023, "raw/2023/report", hashlib.sha256(data).hexdigest(), len(data), "pdf", "abridged"
        )
        with monkeypatch.context() as here:
            if name != BREAKING:
                here.setattr(sandbox, "call", lambda _, *question, **_bounds: read.answer(*question))
            try:
                refusal = read.read_edition(data, source, Edition(2023), known).refusal
            except JvomError as error:
                refusal = error
        message = str(refusal)
        assert words in message, name
        assert "raw/2023/report" in message, name
        assert "next: " in message, name
        assert "Traceback" not in message, name
        assert len(message) < LONGEST, name


@pytest.fixture(scope="module")
def own(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A warehouse that was built, and a raw/ to put things in."""
    return copied(built, tmp_path_factory.mktemp("hostile"))


@contextmanager
def untouched(settings: Settings) -> Iterator[None]:
    """Whatever happens inside leaves lake, published file and raw/ as they were."""
    before = hashes(settings)
    assert len(before) > 5
    try:
        yield
    finally:
        for folder in set(settings.raw.glob("20*")) - {settings.raw / "2024"}:
            shutil.rmtree(folder)
    assert hashes(settings) == before


def run(settings: Settings, capsys: pytest.CaptureFixture[str], *arguments: object) -> Any:
    """One command line in this process; the document that it answers. It must end with status 1."""
    for name in ("pipelines.definitions", "pipelines.orchestration.definitions"):
        sys.modules.pop(name, None)  # as a new process: they hold the addresses
    assert cli.main([str(part) for part in (*arguments, *options(settings), "--json")]) == 1
    return json.loads(capsys.readouterr().out)


def test_ingesting_one_records_nothing(
    own: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "report.pdf"
    file.write_bytes(next(data for name, _, data in pdfs() if name == "a password"))
    with untouched(own):
        answer = run(own, capsys, "ingest", file, "--year", 2023, "--keep")
        assert not (own.raw / "2023").exists()
    assert "password" in answer["error"]["message"]


THINGS: dict[str, tuple[Callable[[Path], None], str]] = {
    "a pipe": (os.mkfifo, "regular file"),
    "a device without end": (lambda path: path.symlink_to("/dev/zero"), "is "),
}


@pytest.mark.parametrize("thing", THINGS)
def test_what_is_not_a_document_is_not_even_read(
    own: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str], thing: str
) -> None:
    """Other kinds of files are in test_raw."""
    make, words = THINGS[thing]
    with untouched(own):
        (own.raw / "2023").mkdir()
        make(own.raw / "2023" / "jvom-2023.txt")
        answer = run(own, capsys, "build")
        assert words in answer["error"]["message"]
        assert "raw/2023/jvom-2023.txt" in json.dumps(answer)
        make(tmp_path / "report")
        answer = run(own, capsys, "ingest", tmp_path / "report", "--year", 2023)
        assert words in answer["error"]["message"]
        assert answer["error"]["hint"]
    assert not list((own.warehouse / "sources").glob("*.tmp"))
