"""What is printed in no one row and column is a refusal with that cause, and never a blank or dropped.

Rows below the totals row, second tables, cells over rows or columns, figures beside theirs; and running
text around a table stays running text.
"""

import io
import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen import canvas

from pipelines.extract import tables
from pipelines.model import Edition
from schemas.registry import Registry
from tests.renditions import RENDERERS, check, kept, loaded, sources
from tests.renditions.blocks import Block, Cell, PageBreak, Paragraph, Table, blocks
from tests.renditions.content import Content, content
from tests.renditions.editions import REGISTRY, document_of, registry_of
from tests.renditions.style import style
from tests.support.cases import cases
from tests.support.reports import refused

Text = tuple[float, float, str]

COLUMNS = (250.0, 310.0, 375.0, 440.0, 510.0)
ROWS = (
    ("NAVO oostflank", "561", "", "1790", "", "1790"),
    ("EUFOR Althea", "167", "", "437", "", "437"),
    ("UNIFIL", "1", "", "2", "", "2"),
    ("UNTSO", "12", "", "32", "", "32"),
    ("USSC", "4", "3", "8", "2", "10"),
    ("Totaal", "745", "3", "2269", "2", "2271"),
)
MANDATES = (
    ("Afrika", "UNTSO", "VNVR-resolutie 50", "Onbepaald", "31 juli 2025"),
    ("", "MINUSMA", "VNVR-resolutie 2480", "30 juni 2023", "30 juni 2024"),
)


def report(
    rows: Sequence[Sequence[str]] = ROWS,
    more: Sequence[Text] = (),
    more_1: Sequence[Text] = (),
    left: float = 60.0,
) -> bytes:
    """Two annexes without rules; `more` are texts on the page of annex 2, `more_1` on that of annex 1.

    The first row of annex 2 is on height 724, each other 13 points below the one before.
    """
    stream = io.BytesIO()
    page = canvas.Canvas(stream, pagesize=(595, 842))
    heading = ("Locatie", "Inzet", "Rechtsbasis", "Duur internationaal mandaat", "Duur nationaal kader")
    page.drawString(60, 780, "Bijlage 1 Rechtsbasis, mandaten en nationale kaders")
    page.setFontSize(8)
    for at, row in enumerate((heading, *MANDATES)):
        for x, text in zip((60, 130, 240, 340, 450), row, strict=True):
            page.drawString(x, 750 - 14 * at, text)
    for x, y, text in more_1:
        page.drawString(x, y, text)
    page.showPage()
    page.drawString(60, 780, "Bijlage 2 Totale inzet mei 2023 t/m april 2024")
    page.setFontSize(8)
    groups = ((60, "Missie"), (230, "Nationale kaders"), (355, "Ingezet personeel"))
    for x, text in groups:
        page.drawString(x, 750, text)
    for x, text in zip(
        COLUMNS, ("Militair", "Civiel/Politie", "Militair", "Civiel/Politie", "Totaal"), strict=True
    ):
        page.drawCentredString(x, 737, text)
    for at, (name, *figures) in enumerate(rows):
        page.drawString(left, 724 - 13 * at, name)
        for x, text in zip(COLUMNS, figures, strict=True):
            page.drawRightString(x + 8, 724 - 13 * at, text)
    for x, y, text in more:
        page.drawString(x, y, text)
    page.save()
    return stream.getvalue()


def problems(data: bytes, known: Registry = REGISTRY) -> list[str]:
    found = refused(lambda: tables.read(*document_of(data), Edition(2024), known))
    assert all(one.page and one.line for one in found)
    return [one.message for one in found]


def without(*blank: tuple[int, int]) -> list[list[str]]:
    """The rows with some cells blank."""
    return [
        ["" if (at, column) in blank else text for column, text in enumerate(row)]
        for at, row in enumerate(ROWS)
    ]


LONG = "De tekst hieronder hoort niet bij de tabel, en loopt over de hele breedte van dit blad door."
BELOW = "is in columns below the table of annex 2"
OTHER = [(330.0, 600.0, "Mali"), (402.0, 600.0, "163"), (330.0, 588.0, "Niger"), (402.0, 588.0, "16")]
FOR_BOTH = "one cell is printed for 2 rows"
NO_COLUMN = "is in no column: it is"


@pytest.mark.parametrize(
    ("rows", "more", "cause"),
    [
        (ROWS, [(60, 600, "VPD"), (375, 600, "163")], f"“VPD 163” {BELOW}"),
        (ROWS, [(375, 600, "163")], f"“163” {BELOW}"),
        (ROWS, [(60, 646, "Afrika")], f"“Afrika” {BELOW}"),
        (ROWS, OTHER, f"“Mali 163 Niger 16” {BELOW}"),
        (without((2, 5)), [(575, 698, "2")], f"“2” of “UNIFIL” {NO_COLUMN} beside"),
        (ROWS, [(405, 698, "7")], f"“7” of “UNIFIL” {NO_COLUMN} between"),
        (without((2, 1), (3, 1)), [(250, 691.5, "13")], f"{FOR_BOTH}, “UNIFIL” and “UNTSO”: “13”"),
        (ROWS, [(443.6, 664, "2")], "the figure is broken over lines: “2 2”"),
        (without((4, 3)), [(378, 676.5, "8"), (378, 667.5, "2")], "the figure is broken over lines: “8 2”"),
        (ROWS, [(60, 765, "Mali"), (150, 765, "12")], "“Mali 12” is in the table"),
        ((*ROWS[:3], (LONG[:40], *[""] * 5), *ROWS[3:]), [], f"“{LONG[:40]}”"),
    ],
    ids=[
        "row",
        "figure",
        "region",
        "table",
        "beside",
        "between columns",
        "between rows",
        "broken",
        "broken in the middle",
        "above",
        "inside",
    ],
)
def test_what_is_in_no_row_and_column_is_named(
    rows: Sequence[Sequence[str]], more: Sequence[Text], cause: str
) -> None:
    (problem,) = problems(report(rows, more))
    assert problem.startswith(cause)


def test_what_the_page_cuts_off_is_named() -> None:
    found = problems(report(left=-6))
    assert found[0] == "“AVO oostflank” is cut off by the edge of the page"
    assert len(found) == len(ROWS)


def test_rows_of_annex_1_below_other_text_are_named() -> None:
    later = [(130, 600, "UNIFIL"), (240, 600, "VNVR-resolutie 425"), (340, 600, "Onbepaald")]
    between = (
        60,
        650,
        LONG,
    )
    (problem,) = problems(report(more_1=[between, *later]))
    assert problem.startswith(
        "“UNIFIL VNVR-resolutie 425 Onbepaald” is in columns below the table of annex 1"
    )
    (problem,) = problems(report(more_1=[between, (240, 600, "met Mali")]))
    assert problem.startswith("“met Mali” is in columns below the table of annex 1")


def test_text_around_a_table_is_running_text() -> None:
    around = [
        (60, 765, "Tabel 1"),
        (100, 765, "Inzet per missie, in 2 soorten."),
        (60, 600, "Bron: Ministerie van Defensie, stand per 30 april 2024"),
        (60, 588, "In 2023 zijn 1.234 militairen en 56 civiele experts uitgezonden."),
        (60, 576, "1)"),
        (90, 576, "Inclusief 12 van de staf."),
        (60, 564, "VGR"),
        (120, 564, "Voortgangsrapportage"),
        (60, 30, "Kamerstuk 29521, nr. 467"),
        (375, 30, "20"),
    ]
    found = tables.read(*document_of(report(more=around)), Edition(2024), REGISTRY)
    assert len(found["personnel"]) == 5
    (section,) = [row for row in found["sections"].to_pylist() if row["section_id"] == "bijlage-2"]
    assert all(text in section["text"] for _, _, text in around)


def drawn(seed: int, change: str) -> tuple[bytes, Content]:
    """A rendition with a table changed, and what it says."""
    rng = random.Random(seed)
    renderer = RENDERERS[seed % 3]
    said = content(rng)
    look = style(rng, renderer, len(said.columns))
    made = blocks(said, look, rng)
    other = changed(made, said, change)
    return kept(f"{sources()} {look} {other}", lambda: loaded(renderer).render(other, look)), said


def changed(made: list[Block], said: Content, change: str) -> list[Block]:
    one, two = (at for at, block in enumerate(made) if isinstance(block, Table))
    at = one if change.startswith("mandate") else two
    table = made[at]
    assert isinstance(table, Table)
    body = [dict(row) for row in table.body]
    if change in ("rows", "mandate rows"):
        row, column = a_pair(said) if change == "rows" else (0, 4)
        cell = body[row][column] if body[row][column].printed.text else body[row + 1][column]
        borders = together(body[row][column], body[row + 1].pop(column))
        body[row][column] = replace(cell, rows=2, borders=borders, fill=None)
    elif change == "columns":
        row = next(at for at, row in enumerate(said.personnel) if row.kind == "mission" and row.figures[-2])
        cell, last = body[row][len(table.widths) - 2], body[row].pop(len(table.widths) - 1)
        body[row][len(table.widths) - 2] = replace(
            cell, columns=2, align="center", borders=together(cell, last)
        )
    elif change == "other widths":
        name, *figures = table.widths
        narrow = Table((0.8 * name, *(1.1 * width for width in figures)), table.heading, body[5:])
        return [*made[:at], replace(table, body=body[:5]), PageBreak(), narrow, *made[at + 1 :]]
    else:
        late = body.pop(-2)
        return [
            *made[:at],
            Table(table.widths, table.heading, body),
            *AFTER[change],
            Table(table.widths, [], [late]),
            *made[at + 1 :],
        ]
    return [*made[:at], Table(table.widths, table.heading, body), *made[at + 1 :]]


def together(one: Cell, other: Cell) -> str:
    return "".join(sorted({*one.borders, *other.borders}))


AFTER: dict[str, list[Block]] = {
    "late": [],
    "late, other page": [PageBreak()],
    "late, text": [Paragraph("Later toegevoegd:")],
}


def a_pair(said: Content) -> tuple[int, int]:
    """Two missions below each other, of which one has a figure where the other has none."""
    kinds = [row.kind for row in said.personnel]
    return next(
        (at, column)
        for at in range(len(kinds) - 1)
        if kinds[at] == kinds[at + 1] == "mission"
        for column in range(1, len(said.columns))
        if said.personnel[at].figures[column - 1]
    )


@cases("seed", "change", "cause")
def test_a_cell_over_rows_or_columns_and_a_late_row_are_refused_as_that(
    seed: int, change: str, cause: str
) -> None:
    """By the rules that stop at it, by the edges of filled cells, by tags."""
    data, said = drawn(seed, change)
    assert any(cause in one for one in problems(data, registry_of(said)))


@pytest.mark.parametrize("seed", [11, 18])
def test_a_table_goes_on_with_other_widths_on_the_next_page(seed: int) -> None:
    data, said = drawn(seed, "other widths")
    found = tables.read(*document_of(data), Edition(2024), registry_of(said))
    assert list(check.differences(said, found)) == []


def test_a_space_that_the_next_letter_stands_on_is_none() -> None:
    """Ghostscript sets letters closer so: `UNT `, and `SO` moved back by a space."""
    rows = [("UNT ", *figures) if name == "UNTSO" else (name, *figures) for name, *figures in ROWS]
    back = 60 + stringWidth("UNT", "Helvetica", 8)
    found = tables.read(*document_of(report(rows, [(back, 685, "SO")])), Edition(2024), REGISTRY)
    assert "untso" in found["personnel"]["mission_id"].to_pylist()
