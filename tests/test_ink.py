"""What is read of a PDF is what its pages show: characters may be hidden, covered, mixed, or lie."""

from __future__ import annotations

import random

import pikepdf
import pytest
from pikepdf import Array

from tests.campaign import pdfs
from tests.campaign.pdfs import PlantedPdf
from tests.campaign.run import DEVELOPMENT, judge, run

READ, CHANGED, REFUSED = "as before", "as changed", "refused"


def planted(kind: str) -> PlantedPdf:
    """A PDF with one change of a kind, of the first look that has a place for it."""
    first = [name for name, _ in pdfs.KINDS].index(kind)
    seeds = range(first, 10_000, len(pdfs.KINDS))
    return next(found for seed in seeds if (found := pdfs.planted(seed, DEVELOPMENT[:1])))


@pytest.mark.parametrize(
    ("kind", "outcome", "words"),
    [
        ("hidden white", READ, ""),
        ("hidden transparent", READ, ""),
        ("hidden clipped", READ, ""),
        ("hidden tiny", READ, ""),
        ("hidden squeezed", REFUSED, "that is not text"),  # it is drawn as an upright line
        ("hidden on a layer that is off", READ, ""),
        ("hidden under a white box", REFUSED, "something is drawn over"),
        ("added in a form", CHANGED, ""),
        ("added in a field", CHANGED, ""),
        ("added in an annotation", CHANGED, ""),
        ("spoilt by a black box", REFUSED, "something is drawn over"),
        ("spoilt by a line through it", REFUSED, "is struck through"),
        ("spoilt by another figure over it", REFUSED, "printed over each other"),
        ("covered in white", REFUSED, "something is drawn over"),
        ("replaced", CHANGED, ""),
        ("actual text", READ, ""),
        ("struck twice", READ, ""),
        ("no letters", REFUSED, "shapes without codes"),
        ("wrong letters", REFUSED, "its code says"),
    ],
)
def test_what_is_read_is_what_is_shown(kind: str, outcome: str, words: str) -> None:
    found = judge(planted(kind))
    assert (found.outcome, words in found.words) == (outcome, True), found.words


@pytest.mark.parametrize(
    ("seed", "words"),
    [
        (6_000_114, "is cut off by the edge of the page"),  # between a table's columns
        (6_000_337, "what it draws on a page breaks off"),
        (6_000_406, "a part of a figure cannot be seen"),  # but a hair of it can
        (6_000_745, "is in columns below the table"),  # so near to a text that it looked raised
        (6_001_333, "is cut off by the edge of the page"),
    ],
)
def test_what_a_campaign_found_is_refused(seed: int, words: str) -> None:
    found = run(("pdf", seed))
    assert found
    assert (found[0].outcome, words in found[0].words) == (REFUSED, True), found[0].words


@pytest.mark.parametrize("shape", ["Square", "StrikeOut"])
def test_a_shape_that_viewers_draw_as_they_like_may_cover_what_is_below(shape: str) -> None:
    base = pdfs.base(DEVELOPMENT[0])
    assert base
    sheet = pdfs.Sheet(base, random.Random(1))
    place = f"[{sheet.box.left} {sheet.box.bottom} {sheet.box.right} {sheet.box.top}]"
    drawn = f"<< /Subtype /{shape} /F 4 /Rect {place} /IC [0 0 0] /C [0 0 0] >>".encode()
    sheet.page.obj.Annots = Array([sheet.pdf.make_indirect(pikepdf.Object.parse(drawn))])
    found = judge(PlantedPdf(shape, sheet.saved(), (), base))
    assert (found.outcome, "has no appearance" in found.words) == (REFUSED, True), found.words
