"""What makes an edition be read again, and what does not."""

import sys
from dataclasses import asdict
from datetime import date
from pathlib import Path

import pytest

from pipelines import versions
from pipelines.model import Edition
from tests.support import copy_project, output_of

EDITION = Edition(2024, title="Voortgangsrapportage", date_sent=date(2024, 5, 15))


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the project whose files a test may change."""
    copy_project(tmp_path)
    monkeypatch.setattr(versions, "ROOT", tmp_path)
    return tmp_path


def append(file: Path, text: str) -> None:
    file.write_text(file.read_text(encoding="utf-8") + text, encoding="utf-8")


def seen() -> dict[str, str]:
    """As another process would see it: code is looked at once a process."""
    versions._code.cache_clear()
    return {**asdict(versions.reading(EDITION)), "publishing": versions.publishing()}


def test_versions_are_short_hashes_and_stable() -> None:
    now = versions.reading(EDITION)
    assert all(len(v) == 12 and int(v, 16) >= 0 for v in (now.code, now.registry, now.declarations))
    assert now == versions.reading(EDITION)


def test_a_changed_file_is_another_version_of_what_it_counts_for(checkout: Path) -> None:
    line, table = "\n# another line\n", '\n[another]\nkey = "value"\n'
    for file, text, counts in (
        ("pipelines/extract/text.py", line, {"code"}),
        ("pipelines/extract/cells.py", line, {"code"}),
        ("schemas/contracts/report.toml", line, {"code", "publishing"}),
        ("schemas/registry.py", line, {"code", "publishing"}),
        ("pipelines/cli/app.py", line, set()),
        ("pipelines/publish/views.py", line, {"publishing"}),
        ("schemas/contracts/trends.toml", line, {"publishing"}),
        ("pipelines/publish/sql/missions.sql", "\n", {"publishing"}),
        ("pipelines/publish/published.py", line, {"publishing"}),
        ("schemas/missions.toml", line, set()),
        ("schemas/missions.toml", table, {"registry"}),
        ("schemas/layouts.toml", line, set()),
        ("schemas/layouts.toml", table, {"registry"}),
    ):
        before = seen()
        append(checkout / file, text)
        in_use = versions.code()  # a process keeps the version of the code that it imported
        after = seen()
        assert in_use == before["code"], file
        assert {name for name in before if before[name] != after[name]} == counts, file


def test_what_python_compiles_is_no_other_version(checkout: Path) -> None:
    before = versions.site()
    compiled = checkout / "pipelines" / "site" / "__pycache__"
    compiled.mkdir()
    (compiled / "pages.cpython-311.pyc").write_bytes(b"compiled")
    versions._code.cache_clear()
    assert versions.site() == before


def test_all_that_reading_loads_counts_or_cannot_change_a_row() -> None:
    code = (
        "import sys, pipelines.extract.pdf.parse, pipelines.extract.read as read; "
        "read.prepare(b'', None, 1); "
        "print(*(module.__file__ for name, module in sys.modules.items() "
        "if name.split('.')[0] in ('pipelines', 'schemas')))"
    )
    loaded = output_of(sys.executable, "-c", code).split()
    uncounted = {*map(Path, loaded)} - set(versions.files(versions.READING_CODE))
    assert {str(file.relative_to(versions.ROOT)) for file in uncounted} == {
        "pipelines/__init__.py",
        "pipelines/store.py",
        "schemas/labels.py",
        "pipelines/extract/sandbox.py",
        "pipelines/extract/missing.py",
        "pipelines/extract/kinds.py",
        "schemas/__init__.py",
        "schemas/errors.py",
        "schemas/proposals.py",
    }


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


def test_a_missing_file_is_no_version(checkout: Path) -> None:
    (checkout / "pipelines/model.py").unlink()
    versions._code.cache_clear()
    with pytest.raises(FileNotFoundError, match=r"model\.py"):
        versions.code()


def test_no_commit_outside_a_checkout(checkout: Path) -> None:
    assert checkout.is_dir()
    assert versions.git_commit() is None
