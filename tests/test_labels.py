"""Labels beside several rows where nothing is drawn: whose rows are sure, and where the registry decides."""

from __future__ import annotations

import pytest

from pipelines.extract.cells import Text
from pipelines.extract.pdf import labels
from pipelines.extract.pdf.area import Body, HeadingPlace, TableHeading
from pipelines.extract.pdf.model import Box, PdfLine, Word
from pipelines.extract.pdf.rows import Fragment, PdfCell, Row, Spacing, Span
from pipelines.extract.shared_labels import confirmed, nearer
from tests.support.cases import cases

PITCH, SIZE = 20.0, 10.0
REGIONS = ("Europa", "Afrika")


def line(number: int, text: str, box: Box, **how: str) -> PdfLine:
    word = Word(text, box, box.bottom, SIZE, **how)  # type: ignore[arg-type]
    return PdfLine(number, 1, (word,), text, (0,))


def assigned(off: float) -> list[list[str]]:
    """What four rows of `Europa` and four of `Afrika` get, the label of which is `off` rows too low."""
    rows = [
        Row({1: [Fragment(1, line(at, "UNTSO", Box(100, at * PITCH, 150, at * PITCH + 10)), 0, 0)]})
        for at in range(8)
    ]
    turned = []
    for at, region in enumerate(REGIONS):
        middle = (4 * at + 1.5 + off * at) * PITCH + 5
        turned.append(line(20 + at, region, Box(50, middle - 15, 60, middle + 15), direction="up"))
    columns = (Box(50, -30, 60, -20), Box(100, -30, 150, -20))
    place = HeadingPlace(columns, (), -30.0, -20.0, frozenset())
    body = Body(1, columns, place, -20.0, 170.0, (), tuple(turned), (), (), True, SIZE, parts=(80.0,))
    heading = TableHeading((("Regio",), ("Missie",)), REGIONS, roles=("region", "mission"))
    spacing = Spacing(PITCH, {1: ()}, SIZE)
    found, _ = labels.assign(body, rows, [], spacing, heading, "middle", first=True)
    return [[cell.text for cell in row] for row in found]


@pytest.mark.parametrize("off", [0.0, 0.1])
def test_a_label_in_the_middle_of_its_rows_is_theirs(off: float) -> None:
    assert assigned(off) == [["Europa"]] * 4 + [["Afrika"]] * 4


def test_a_row_between_two_labels_is_open_where_one_is_half_a_row_off() -> None:
    found = assigned(0.5)
    assert sorted(found[4]) == ["Afrika", "Europa"]
    assert found[:3] + found[6:] == [["Europa"]] * 3 + [["Afrika"]] * 2


def test_of_labels_that_may_both_be_a_row_s_the_registry_names_one_or_none() -> None:
    texts = [Text((), cell=PdfCell(region, (), (Span(1, 1, 0, 6),))) for region in REGIONS]
    headings = {"Europa": "Europa", "Afrika": "Afrika"}
    named = [nearer(texts, region, headings) for region in ("Afrika", "Diversen", None)]
    assert named == [texts[1], None, None]


@cases("own", "regions", "kept")
def test_labels_that_the_registry_contradicts_are_kept_where_both_agree(
    own: str, regions: str, kept: str
) -> None:
    of = {"E": "Europa", "A": "Afrika", "D": "Diversen"}
    spans = {key: Span(at, 0, 6, 1, Box(0, 0, 1, 1)) for at, key in enumerate(of)}
    texts = {key: Text((), cell=PdfCell(name, (), (spans[key],))) for key, name in of.items()}
    found = confirmed([texts[key] for key in own], [of[key] for key in regions], {})
    assert "".join(one.printed[0] if one else "-" for one in found) == kept
