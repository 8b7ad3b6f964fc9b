"""Texts whose words are in the places that they have on the page: read by them, by order, or refused."""

import random
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pytest

from pipelines.extract import positions, read, shared_labels, tables
from pipelines.extract.positions import columns_of
from pipelines.model import Edition
from schemas.errors import JvomError
from schemas.vocabulary import FIGURES
from tests.renditions import check, rendition
from tests.renditions.editions import registry_of
from tests.support.cases import cases
from tests.support.reports import BODY, read_document, read_tables, report, source_of

Figures = tuple[int | None, ...]
ENDS = (50, 66, 79, 96, 108)  # where the figures of a column end, in characters
HEADER = (
    "Missie                                    Nationale kaders              Ingezet personeel",
    f"{'':42}Militair  Civiel/Politie     Militair   Civiel/Politie      Totaal",
)
ANNEX_1 = (
    "Bijlage 1 Rechtsbasis, mandaten en nationale kaders",
    "Locatie         Inzet                Rechtsbasis           Duur internationaal   Duur nationaal",
    "                                                           mandaat               kader",
    "Midden-Oosten   UNIFIL               VNVR-resolutie 2695 31 augustus 2024        31 juli 2025",
    "                UNTSO (Libanon en    VNVR-resolutie 50     Onbepaald             31 juli",
    "                Golan)                                                           2025",
    "Afrika          MINUSMA (Mali)       VNVR-resolutie        30 juni 2023          30 juni 2024",
    "                                     2480",
)
ROWS: tuple[tuple[str, str | None, Figures], ...] = (
    ("UNIFIL", "unifil", (1, None, 2, None, 2)),
    ("UNTSO", "untso", (12, None, 32, None, 32)),
    ("USSC", "ussc", (4, 3, 8, 2, 10)),
    ("CMF", "cmf", (3, None, 1790, None, 1790)),
    ("Afrika", None, ()),
    ("MINUSMA", "minusma", (5, 10, 10, 11, 21)),
    ("EULPC Libië", "eulpc-libie", (None, 1, None, 1, 1)),
    ("GPOI", "gpoi", (4, None, 6, None, 6)),
    ("Totaal", "total", (29, 14, 1848, 14, 1862)),
)
TRUTH = {key: figures for _, key, figures in ROWS if key}


def placed(name: str, cells: Iterable[str | None], shift: int = 0) -> str:
    """A row with its cells to the left of where their columns end."""
    line = name
    for cell, end in zip(cells, ENDS, strict=False):
        if cell:
            line = line.ljust(end + shift - len(cell)) + cell
    return line


def table(jitter: int = 0, changed: Mapping[str, str] | None = None) -> list[str]:
    """The rows of annex 2, each by up to `jitter` characters to the side; `changed` gives other lines."""
    rng = random.Random(jitter)
    lines = []
    for name, _, figures in ROWS:
        cells = [f"{value:,}".replace(",", ".") if value is not None else None for value in figures]
        line = placed(name, cells, rng.randint(-jitter, jitter))
        lines += (changed or {}).get(name, line).split("\n")
    return lines


def text(rows: Sequence[str], end: str = "\n", notes: Sequence[str] = ()) -> str:
    """A whole report of three pages, as a program gives it that keeps the places of words."""
    annex_2 = ["Bijlage 2 Totale inzet mei 2023 t/m april 2024", *HEADER, "Midden-Oosten", *rows, *notes]
    pages = [
        [*BODY[:2], "", "Pagina 1 van 3"],
        [*ANNEX_1, "", "Pagina 2 van 3"],
        [*annex_2, "", "Pagina 3 van 3"],
    ]
    return "\f".join(end.join([*page, ""]) for page in pages)


def figures(found: Mapping[str, pa.Table]) -> dict[str, Figures]:
    rows = {row["mission_id"]: row for row in found["personnel"].to_pylist()}
    [rows["total"]] = found["personnel_totals"].to_pylist()
    return {key: tuple(row[column] for column in FIGURES) for key, row in rows.items()}


@pytest.mark.parametrize(
    ("jitter", "end", "before"), [(0, "\n", ""), (1, "\r\n", ""), (1, "\n", "    "), (0, "\n", "\t")]
)
def test_columns_are_where_their_figures_stand(jitter: int, end: str, before: str) -> None:
    """Which of two columns a lone figure is in cannot be said by order; a text may be indented as a whole."""
    printed = text(table(jitter), end)
    lines = "".join(before + line if line.strip() else line for line in printed.splitlines(keepends=True))
    found = read_tables(lines)
    assert figures(found) == TRUTH
    assert not any(row["inferred"] for row in found["personnel"].to_pylist())


def test_cells_point_into_the_lines_of_the_text() -> None:
    printed = text(table())
    lines = read_document(printed).lines
    for cell in read_tables(printed)["cells"].to_pylist():
        pieces = [
            lines[span["line"] - 1].text[span["char_start"] : span["char_end"]] for span in cell["spans"]
        ]
        assert " ".join(" ".join(pieces).split()) == (cell["as_printed"] or "")
        assert all(span["box"] is None for span in cell["spans"])


def test_names_and_durations_over_two_lines_are_one_cell() -> None:
    name = "Anti-ISIS coalitie en de brede\nveiligheidsinzet in Irak (separate VGR)"
    for line in (0, 1):
        parts = name.split("\n")
        parts[line] = placed(parts[line], ["4", None, "6", None, "6"])
        found = read_tables(text(table(changed={"GPOI": "\n".join(parts)})))
        row = found["personnel"].to_pylist()[-1]
        assert row["mission_as_printed"] == name.replace("\n", " ")
        assert figures(found)[row["mission_id"]] == TRUTH["gpoi"]
    rows = {row["mission_id"]: row for row in found["mandates"].to_pylist()}
    assert str(rows["unifil"]["international_mandate_end"]) == "2024-08-31"  # which nearly touches its left
    assert rows["untso"]["mission_as_printed"] == "UNTSO (Libanon en Golan)"
    assert rows["untso"]["national_frame_as_printed"] == "31 juli 2025"
    assert rows["minusma"]["legal_basis"] == "VNVR-resolutie 2480"


def test_a_figure_before_a_month_is_no_day_of_it() -> None:
    """A day and its month are apart by a space; what is farther off is a cell of its own."""
    lines = text(table()).splitlines()
    aside = {HEADER[0]: "Opmerkingen", **{line: "maart 2024" for line in lines if line.startswith("USSC")}}
    found = read_tables("\n".join(f"{line:<114}{aside[line]}" if line in aside else line for line in lines))
    assert figures(found) == TRUTH
    remarks = {row["mission_id"]: row["remark"] for row in found["personnel"].to_pylist() if row["remark"]}
    assert remarks == {"ussc": "maart 2024"}


def test_a_region_that_is_counted_in_roman_numerals_is_no_part_of_a_name() -> None:
    found = read_tables(text(table(changed={"Afrika": "II. Afrika"})))
    assert figures(found) == TRUTH
    assert found["personnel"].to_pylist()[-1]["region_as_printed"] == "II. Afrika"


ROTATED = (
    *ANNEX_1[:3],
    "                UNIFIL               VNVR-resolutie 2695   31 augustus 2024      31 juli 2025",
    "Midden-Oosten",
    "",
    "",
    "                UNTSO (Libanon en    VNVR-resolutie 50     Onbepaald             31 juli 2025",
    "                Golan)",
    "                MINUSMA (Mali)       VNVR-resolutie 2480   30 juni 2023          30 juni 2024",
    "Afrika",
    "",
    "                VPD                  Art. 97 Grondwet      Onbepaald             Onbepaald",
    "Nationaal",
)


def test_rotated_labels_between_the_rows_head_them_where_the_registry_leaves_no_other_way() -> None:
    found = read_tables(text(table()).replace("\n".join(ANNEX_1), "\n".join(ROTATED)))
    regions = {row["mission_id"]: row["region_as_printed"] for row in found["mandates"].to_pylist()}
    assert regions == {
        "unifil": "Midden-Oosten",
        "untso": "Midden-Oosten",
        "minusma": "Afrika",
        "vpd": "Nationaal",
    }


@pytest.mark.parametrize(
    ("regions", "labels", "shared"),
    [
        (["a", "a", "b"], ["a", "b"], [{0}, {0}, {1}]),
        (["a", "x", "b"], ["a", "b"], [{0}, {0, 1}, {1}]),
        (["a", "x"], ["a", "n"], [{0}, {1}]),
        (["b", "a"], ["a", "b"], [set(), set()]),
    ],
)
def test_labels_are_shared_out_in_their_order(
    regions: list[str], labels: list[str], shared: list[set[int]]
) -> None:
    assert shared_labels.fitting(regions, labels) == shared


def test_a_blank_duration_of_a_text_may_be_that_of_another_row() -> None:
    blank = text(table()).replace("Onbepaald             31 juli\n", "Onbepaald\n").replace("  2025\n", "\n")
    with pytest.raises(JvomError, match="has no national frame"):
        read_tables(blank)


def test_a_line_of_dashes_is_a_rule() -> None:
    ruled = table(changed={"UNDOF": "", "Afrika": f"Afrika\n{'-' * 100}"})
    assert figures(read_tables(text(["=" * 40, *ruled, f"{'—' * 30}   {'—' * 9}"]))) == TRUTH


def test_no_page_of_a_text_ends_before_the_columns_of_another() -> None:
    """Where its lines are shorter, nothing is cut off."""
    found = positions.placed(read_document(text(table())))
    assert found is not None
    assert len({page.width for page in found.pages}) == 1


NOTE = ("12", "   Maximaal 4 per jaar.")


@cases("cells", "footnotes")
def test_a_mark_glued_to_a_figure_is_taken_off_where_the_sums_say_so(
    cells: list[str | None], footnotes: list[int]
) -> None:
    name = "GPOI" if footnotes else "GPOI12"
    found = read_tables(text(table(changed={"GPOI": placed(name, cells)}), notes=NOTE))
    assert figures(found) == TRUTH
    assert [row["footnotes"] for row in found["personnel"].to_pylist()][-1] == [12]
    assert [row["number"] for row in found["footnotes"].to_pylist()] == [12]


def test_a_sign_on_the_line_above_a_name_is_its_mark() -> None:
    """As of a raised `b)`; the name on the line before is no longer by it."""
    row = placed("GPOI", ["4", None, "6", None, "6"])
    found = read_tables(text(table(changed={"GPOI": f"        b)\n{row}"}), notes=["b) Per transport elf."]))
    assert figures(found) == TRUTH
    [note] = found["footnotes"].to_pylist()
    rows = {row["mission_id"]: row for row in found["personnel"].to_pylist()}
    assert [rows[one]["footnotes"] for one in ("eulpc-libie", "gpoi")] == [[], [note["number"]]]


@cases("changed", "why")
def test_what_places_leave_open_is_refused_with_the_pdf_as_a_way_out(
    changed: dict[str, str], why: str
) -> None:
    with pytest.raises(JvomError, match=why) as caught:
        read_tables(text(table(changed=changed)))
    assert "give the PDF" in str(caught.value)


def test_a_figure_that_contradicts_its_sums_is_read_as_it_is_printed() -> None:
    """Reports contradict themselves; here 7 is not a 6 with a digit too many."""
    found = read_tables(text(table(changed={"MINUSMA": placed("MINUSMA", ["5", "10", "17", "11", "21"])})))
    assert figures(found) == TRUTH | {"minusma": (5, 10, 17, 11, 21)}


def test_a_text_without_places_goes_the_way_of_order() -> None:
    assert positions.placed(read_document(report())) is None
    for gap in (" ", "   "):
        pressed = "\n".join(gap.join(line.split()) for line in text(table()).split("\n"))
        assert positions.placed(read_document(pressed)) is None


def test_columns_are_counted_as_they_are_seen() -> None:
    assert columns_of("a\tb") == [0, 1, 8, 9]
    assert columns_of("\f1") == [0, 0, 1]
    assert columns_of("e\u0301x") == [0, 1, 1, 2]
    assert columns_of("１2") == [0, 2, 3]


@pytest.mark.renditions
@pytest.mark.skipif(not shutil.which("pdftotext"), reason="pdftotext (poppler-utils) is not installed")
def test_what_pdftotext_gives_of_other_looks_is_right_or_refused(tmp_path: Path) -> None:
    """Regions of annex 1 are left out: of a rotated label a text does not show how far it reaches."""
    right = 0
    for seed in range(0, 24):
        drawn = rendition(seed)
        path = tmp_path / f"{seed}.pdf"
        path.write_bytes(drawn.data)
        out = subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, check=True).stdout
        source = source_of(out)
        try:
            found = tables.read(read.parse(out, source), source, Edition(2024), registry_of(drawn.content))
        except JvomError:
            continue
        amiss = [one for one in check.differences(drawn.content, found) if "region_as_printed" not in one]
        assert not amiss
        right += 1
    assert right > 3
