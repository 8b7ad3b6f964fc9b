"""Words of a scan: ink put together and taken apart, and headings with a letter wrong."""

from __future__ import annotations

import pytest

from pipelines.extract.pdf import inked, shapes
from pipelines.extract.pdf.area import TableHeading, find
from pipelines.extract.pdf.lines import number
from pipelines.extract.pdf.model import Box, PdfPage, Word
from pipelines.extract.pdf.picture import Patch
from pipelines.extract.pdf.tesseract import Seen

HEADING = TableHeading(
    (("Missie",), ("Nationale kaders", "Militair"), ("Nationale kaders", "Civiel/Politie")), total="Totaal"
)


def ink(left: int, top: int, right: int, bottom: int) -> Patch:
    return left, top, right, bottom, (right - left) * (bottom - top)


def word(text: str, left: float, baseline: float, markers: tuple[tuple[int, int], ...] = ()) -> Word:
    return Word(
        text, Box(left, baseline - 7, left + 5 * len(text), baseline), baseline, 10.0, markers=markers
    )


def page(*rows: list[Word], ocr: bool = True) -> PdfPage:
    return PdfPage(1, 600, 800, tuple(number(list(rows), 1, 1)), (), ocr=ocr)


def headed(last: str = "Civiel/Politie", extra: tuple[Word, ...] = ()) -> PdfPage:
    row = [word("Missie", 40, 112), word("Militair", 200, 112), word(last, 300, 112), *extra]
    return page([word("Nationale", 220, 100), word("kaders", 270, 100)], row)


def test_a_digit_in_two_pieces_is_one_letter() -> None:
    broken = [ink(0, 0, 5, 20), ink(7, 0, 12, 20), ink(20, 0, 32, 20)]
    assert shapes.letters(broken, 2) == [(0, 0, 12, 20, 200), (20, 0, 32, 20, 240)]
    assert [patch[:4] for patch in shapes.letters(broken, 3)] == [patch[:4] for patch in broken]


def test_digits_that_touch_are_not_told_apart() -> None:
    assert shapes.letters([ink(0, 0, 24, 20)], 2) == []
    assert shapes.letters([ink(0, 0, 24, 20), ink(22, 0, 30, 20)], 2) == []


@pytest.mark.parametrize("printed", ["CiviellPolitie", "|Civiellpolitie", "Civiel/Politle", "Giviel/Politie"])
def test_a_heading_with_a_letter_wrong_is_found_in_a_picture(printed: str) -> None:
    found = find(headed(last=printed), HEADING)
    assert found is not None
    assert not found.unknown
    assert find(page(*[list(line.words) for line in headed(last=printed).lines], ocr=False), HEADING) is None


def test_a_word_that_recognition_broke_in_two_is_found() -> None:
    row = [
        word("Mis", 40, 112),
        word("ie", 55, 112),
        word("Militair", 200, 112),
        word("Civiel/Politie", 300, 112),
    ]
    assert find(page([word("Nationale", 220, 100), word("kaders", 270, 100)], row), HEADING) is not None


@pytest.mark.parametrize("printed", ["Civiel", "Politie", "Totaal", "Materieel"])
def test_another_heading_is_not_taken_for_it(printed: str) -> None:
    assert find(headed(last=printed), HEADING) is None


def test_specks_and_lone_markers_are_no_unknown_headings_but_words_are() -> None:
    speck, mark = word("|", 380, 112), word("12", 390, 112, ((0, 2),))
    found = find(headed(extra=(speck, mark)), HEADING)
    assert found is not None
    assert found.unknown == ()
    added = word("Reserve", 400, 112)
    more = find(headed(extra=(added,)), HEADING)
    assert more is not None
    assert more.unknown == (added,)


def _letters(left: int, top: int, count: int) -> list[Patch]:
    return [ink(left + 20 * at, top, left + 20 * at + 14, top + 24) for at in range(count)]


def test_two_lines_that_recognition_took_for_one_are_words_of_their_own() -> None:
    beside, upper, lower = _letters(0, 30, 6), _letters(300, 10, 4), _letters(300, 50, 7)
    seen = [
        Seen("MISSIE", 0, 30, 114, 54, 95.0, ("1",)),
        Seen("DUUR", 300, 10, 434, 74, 10.0, ("1",)),
    ]
    found = inked.words(seen, [*beside, *upper, *lower])
    assert [(one.text, len(one.body)) for one in found] == [("MISSIE", 6), ("", 4), ("", 7)]


def test_overlooked_ink_that_is_raised_marks_the_word_before_it() -> None:
    name, mark = _letters(0, 30, 6), ink(118, 26, 126, 40)
    (found,) = inked.words([Seen("MISSIE", 0, 30, 110, 54, 95.0, ("1",))], [*name, mark])
    assert (found.text, found.markers) == ("MISSIE", [mark])
