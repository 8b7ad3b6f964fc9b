"""The abridged edition: the same report line for line, and none of its sentences.

Most of this holds the repository's file against the full text, which is not in the repository.
"""

import re
import subprocess
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pipelines import raw, reconcile
from pipelines.model import Document
from schemas import registry
from tests.support.reports import ABRIDGED, FULL, PROJECT, needs_full, read_document, read_tables

NOTICE_LINE, PAGE_NUMBER_LINE, ANNEX_1, ANNEX_2 = 2, 971, 1414, 1578
LONGEST_HEADING = 70  # characters
RUN = 12  # words that make a sentence, unless more than two of them are figures


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").split("\n")


def words(text: str) -> list[str]:
    return re.findall(r"[\w’'-]+", text.lower())


def runs(text: str) -> set[tuple[str, ...]]:
    """Runs of words that may be a sentence: figures, names and dates in a row are none."""
    found = words(text)
    every = (tuple(found[start : start + RUN]) for start in range(len(found) - RUN + 1))
    return {run for run in every if sum(word[0].isdigit() for word in run) <= 2}


@pytest.fixture(scope="module")
def abridged() -> list[str]:
    return lines(ABRIDGED)


@pytest.fixture(scope="module")
def full() -> list[str]:
    return lines(FULL)


def test_says_what_it_is(abridged: list[str]) -> None:
    assert abridged[NOTICE_LINE - 1].startswith(raw.NOTICE)
    (source,) = (file for file in raw.survey(PROJECT / "raw")[0][2024] if file.path.endswith(ABRIDGED.name))
    assert source.fidelity == "abridged"


def test_every_paragraph_reads_to_its_end(abridged: list[str]) -> None:
    """A short line of running text ends its paragraph, so that none can be taken for a heading."""
    text = (line.strip() for line in abridged[: ANNEX_1 - 1] if line.strip())
    short = [line for line in text if len(line) < 40 and line[0].islower()]
    assert [line for line in short if not re.search(r"\.\d*$", line)] == ["en politiefunctionarissen"]


@needs_full
class TestAgainstTheFullText:
    def test_blank_lines_and_page_starts_are_the_same(self, abridged: list[str], full: list[str]) -> None:
        assert len(abridged) == len(full)
        for number, (ours, theirs) in enumerate(zip(abridged, full, strict=True), start=1):
            if theirs.strip():
                assert ours.strip(), f"line {number} is missing"
                assert ours[:1].isspace() == theirs[:1].isspace(), f"line {number} starts a page in one only"
            elif number != NOTICE_LINE:
                assert ours == theirs, f"line {number} is blank in the report"

    def test_figures_stand_on_the_same_lines(self, abridged: list[str], full: list[str]) -> None:
        for number, (ours, theirs) in enumerate(zip(abridged, full, strict=True), start=1):
            assert sorted(re.findall(r"\d+", ours)) == sorted(re.findall(r"\d+", theirs)), number

    def test_annexes_are_printed_alike_but_for_notes_and_closing_words(
        self, abridged: list[str], full: list[str]
    ) -> None:
        other = {
            number for number in range(ANNEX_1, len(full) + 1) if abridged[number - 1] != full[number - 1]
        }
        notes = {*range(1564, 1578), *range(1580, 1585)}
        closing = set(range(1646, 1669))
        assert other <= notes | closing

    def test_only_headings_and_cells_are_printed_alike(self, abridged: list[str], full: list[str]) -> None:
        alike = [full[number].strip() for number in _printed_alike(abridged, full)]
        assert [line for line in alike if len(line) > LONGEST_HEADING] == []

    def test_no_sentence_of_the_report_is_in_the_repository(
        self, abridged: list[str], full: list[str]
    ) -> None:
        listed = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=False,
        )
        if listed.returncode:
            pytest.skip("no git checkout")
        printed = _printed_alike(abridged, full)
        sentences = runs(_without(full, printed, "theirs"))
        found = {}
        for path in (PROJECT / name for name in listed.stdout.splitlines()):
            text = _without(abridged, printed, "ours") if path == ABRIDGED else _text(path)
            if shared := sentences & runs(text):
                found[path.name] = " ".join(min(shared))
        assert found == {}

    def test_the_text_is_understood_alike(self) -> None:
        """Every figure, date and event of the full text, and so the same contradictions."""
        ours, theirs = (reconcile.check(*_extracted(path)) for path in (ABRIDGED, FULL))
        for relation, says in (
            ("findings", ("rule", "severity", "mission_id", "evidence_lines")),
            ("statements", ("mission_id", "quantity", "value_low", "value_high", "qualifier", "source_line")),
            ("mission_events", ("mission_id", "event", "date_from", "date_to", "source_line")),
            ("unread_sentences", ("section_id", "source_line")),
        ):
            said, printed = (
                sorted(repr([row[name] for name in says]) for row in getattr(found, relation))
                for found in (ours, theirs)
            )
            assert said == printed, relation
            assert printed

    def test_annexes_read_alike(self) -> None:
        ours, theirs = _read(ABRIDGED), _read(FULL)
        for name in ("personnel", "personnel_totals", "mandates"):
            assert ours[name].equals(theirs[name]), name
        assert _places(ours["cells"]) == _places(theirs["cells"])
        noted = ["number", "scope", "source_page", "source_line", "marker_lines"]
        assert ours["footnotes"].select(noted).equals(theirs["footnotes"].select(noted))
        assert ours["sections"].drop_columns("text").equals(theirs["sections"].drop_columns("text"))
        about = [name for name in ours["editions"].column_names if not name.startswith("source_")]
        assert ours["editions"].select(about).equals(theirs["editions"].select(about))


def _printed_alike(abridged: list[str], full: list[str]) -> set[int]:
    """Places of headings and cells: lines that both texts have and that end no sentence."""
    pairs = enumerate(zip(abridged, full, strict=True))
    return {place for place, (ours, theirs) in pairs if ours == theirs and not ours.rstrip().endswith(".")}


def _without(text: list[str], printed: set[int], whose: str) -> str:
    """Lines with a mark of their own in place of headings and cells, so that no run crosses them."""
    return "\n".join(whose if place in printed else line for place, line in enumerate(text))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (UnicodeDecodeError, OSError):
        return ""


def _extracted(path: Path) -> tuple[dict[str, pa.Table], registry.Registry, Document]:
    data = path.read_bytes()
    return read_tables(data, raw.catalogue(PROJECT / "raw")[2024]), registry.load(), read_document(data)


def _read(path: Path) -> dict[str, pa.Table]:
    return _extracted(path)[0]


def _places(cells: pa.Table) -> list[dict[str, Any]]:
    """Cells as rows; of a note's words only where they start."""
    rows: list[dict[str, Any]] = cells.to_pylist()
    for row in rows:
        if row["row_key"].startswith("footnote:"):
            del row["as_printed"], row["value"]
            for span in row["spans"]:
                del span["char_end"]
    return rows
