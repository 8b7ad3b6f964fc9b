"""Planted changes whose truth is known: none is accepted wrong, crashes its reader or keeps it for long.

At a small scale, with seeds for development; `python -m tests.campaign` is the whole of it.
"""

import random
from collections import Counter
from dataclasses import replace

import pytest

pytestmark = pytest.mark.campaign
SHARDS = [
    *(("text", first, 25) for first in range(0, 300, 25)),
    *(("pdf", first, 10) for first in range(0, 100, 10)),
]


@pytest.mark.parametrize(("what", "first", "many"), SHARDS)
def test_nothing_planted_is_accepted_wrong(what: str, first: int, many: int) -> None:
    from tests.campaign.run import FAULTS, run

    done = [made[0] for seed in range(first, first + many) if (made := run((what, seed)))]
    assert [f"{one.kind}: {one.words}" for one in done if one.outcome in FAULTS] == []
    untouched = Counter(one.outcome for one in done if one.untouched)
    assert untouched["as before"] >= 0.95 * untouched.total() - 1


def test_the_campaign_can_fail() -> None:
    """A reading that is not true is wrong, and so is a figure without ink."""
    from tests.campaign import pdfs, run, texts

    (text,) = texts.planted(0, 1, (texts.none,))
    assert run.judge(text).outcome == "as before"
    assert run.judge(replace(text, truths=())).outcome == "wrong"
    base = pdfs.base(0)
    assert base
    as_it_is = pdfs.PlantedPdf("none", base.data, None, base)
    assert run.judge(as_it_is).outcome == "as before"
    sheet = pdfs.Sheet(base, random.Random(1))
    sheet.draw(sheet.rectangle())
    cells = {(cell.row, cell.column): cell for cell in base.cells}
    (fault,) = run.not_drawn(replace(as_it_is, data=sheet.saved()), cells)
    assert fault == f"{(sheet.cell.row, sheet.cell.column)}: {sheet.cell.value} is not drawn"
