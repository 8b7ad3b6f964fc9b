"""What makes an edition be read again, and what does not."""

from __future__ import annotations

import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from pipelines import versions
from pipelines.model import Edition, Versions

EDITION = Edition(2024, title="Voortgangsrapportage", date_sent=date(2024, 5, 15))


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the project whose files a test may change."""
    for folder in ("pipelines", "schemas"):
        shutil.copytree(
            versions.ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__")
        )
    monkeypatch.setattr(versions, "ROOT", tmp_path)
    return tmp_path


def append(file: Path, text: str) -> None:
    file.write_text(file.read_text(encoding="utf-8") + text, encoding="utf-8")


def read_anew(edition: Edition = EDITION) -> Versions:
    """As another process would see it: code is looked at once a process."""
    versions._code.cache_clear()
    return versions.reading(edition)


def test_versions_are_short_hashes_and_stable() -> None:
    now = versions.reading(EDITION)
    assert all(len(v) == 12 and int(v, 16) >= 0 for v in (now.code, now.registry, now.declarations))
    assert now == versions.reading(EDITION)


@pytest.mark.parametrize(
    "file",
    [
        "pipelines/extract/text.py",
        "pipelines/extract/cells.py",
        "schemas/contracts/report.toml",
        "schemas/registry.py",
    ],
)
def test_code_that_reads_counts(checkout: Path, file: str) -> None:
    before = read_anew()
    append(checkout / file, "\n# another line\n")
    after = read_anew()
    assert after.code != before.code
    assert (after.registry, after.declarations) == (before.registry, before.declarations)


def test_all_that_reading_loads_counts_or_cannot_change_a_row() -> None:
    code = (
        "import sys, pipelines.extract.pdf.parse, pipelines.extract.read as read; "
        "read.prepare(b'', None, 1); "
        "print(*(module.__file__ for name, module in sys.modules.items() "
        "if name.split('.')[0] in ('pipelines', 'schemas')))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=versions.ROOT, capture_output=True, text=True, check=True
    )
    uncounted = {Path(file) for file in loaded.stdout.split()} - set(versions.files(versions.READING_CODE))
    assert {str(file.relative_to(versions.ROOT)) for file in uncounted} == {
        "pipelines/__init__.py",
        "pipelines/extract/sandbox.py",
        "pipelines/extract/entry.py",
        "pipelines/extract/kinds.py",
        "pipelines/extract/suggestions.py",
        "schemas/__init__.py",
        "schemas/errors.py",
    }


@pytest.mark.parametrize(
    "file", ["pipelines/cli/app.py", "pipelines/publish/views.py", "schemas/contracts/trends.toml"]
)
def test_code_that_does_not_read_does_not_count(checkout: Path, file: str) -> None:
    before = read_anew()
    append(checkout / file, "\n# another line\n")
    assert read_anew() == before


def test_a_process_keeps_the_version_of_the_code_it_imported(checkout: Path) -> None:
    before = read_anew()
    append(checkout / "pipelines/extract/text.py", "\n# another line\n")
    assert versions.reading(EDITION) == before


@pytest.mark.parametrize("file", ["missions.toml", "layouts.toml"])
def test_registry_counts_by_content(checkout: Path, file: str) -> None:
    before = read_anew()
    append(checkout / "schemas" / file, "\n# a comment\n")
    assert versions.reading(EDITION) == before
    append(checkout / "schemas" / file, '\n[another]\nkey = "value"\n')
    after = versions.reading(EDITION)
    assert after.registry != before.registry
    assert after.code == before.code


def test_a_declaration_counts_for_its_own_edition_only(checkout: Path) -> None:
    own, other = versions.reading(EDITION), versions.reading(Edition(2023))
    append(checkout / "schemas/readings.toml", '\n[[reading]]\nedition_year = 2024\nmission_id = "vpd"\n')
    assert versions.reading(EDITION).declarations != own.declarations
    assert versions.reading(Edition(2023)) == other


def test_the_catalogue_counts_as_declared() -> None:
    declared = versions.reading(EDITION)
    undeclared = versions.reading(Edition(2024))
    assert declared.declarations != undeclared.declarations
    assert (declared.code, declared.registry) == (undeclared.code, undeclared.registry)


@pytest.mark.parametrize(
    "file",
    ["pipelines/publish/sql/missions.sql", "schemas/contracts/trends.toml", "pipelines/publish/published.py"],
)
def test_what_shapes_the_published_file_counts_for_it(checkout: Path, file: str) -> None:
    versions._code.cache_clear()
    before = versions.publishing()
    append(checkout / file, "\n")
    versions._code.cache_clear()
    assert versions.publishing() != before


def test_a_missing_file_is_no_version(checkout: Path) -> None:
    (checkout / "pipelines/model.py").unlink()
    versions._code.cache_clear()
    with pytest.raises(FileNotFoundError, match=r"model\.py"):
        versions.code()


def test_tools_name_what_publishes() -> None:
    assert {"python", "duckdb", "pyarrow", "dagster"} <= set(versions.tools())


def test_no_commit_outside_a_checkout(checkout: Path) -> None:
    assert checkout.is_dir()
    assert versions.git_commit() is None


def test_commit_of_a_checkout() -> None:
    commit = versions.git_commit()
    assert commit is None or len(commit) == 40
