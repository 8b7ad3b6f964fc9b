"""Editions that others typeset come in by data alone: who fills in what is asked needs three tries at most.

They are beside the repository (`../shared/editions`), with what each page prints; without them this is
skipped.
"""

import json
import re
from typing import Any

import pytest

from pipelines import raw
from pipelines.extract import onboarding
from pipelines.model import Edition
from schemas.proposals import Proposal
from schemas.vocabulary import FIGURES
from tests.support.onboarding import FACTS
from tests.support.reports import PROJECT

FOLDER = PROJECT.parent / "shared" / "editions"
EDITIONS = sorted(FOLDER.glob("jvom-*.pdf"))
TRIES = 3
REGIONS = {"EUPOL COPPS": "Midden-Oosten"}
OF_OTHERS = {"OVSE SMM Oekraïne": "other", "NSATU": "NATO"}
EMPTY = {"", "-", "–", "n.v.t."}

pytestmark = [
    pytest.mark.renditions,
    pytest.mark.usefixtures("without_child"),
    pytest.mark.skipif(not EDITIONS, reason="the given editions, ../shared/editions, are not here"),
]


def person(proposal: Proposal) -> tuple[str, dict[str, Any]]:
    """An entry as somebody fills it in who knows missions, and nothing of the reader."""
    values = dict(proposal.values)
    if proposal.kind == "mission":
        name = values["name"]
        values["region"] = REGIONS.get(name, values["region"])
        values["organisation"] = OF_OTHERS.get(name, "EU" if name.startswith("EU") else "national")
    assert "?" not in values.values(), f"a question that this person cannot answer: {proposal.question}"
    return proposal.kind, values


def letters(text: object) -> str:
    return re.sub(r"[\W\d_]", "", str(text or "")).casefold()


@pytest.mark.parametrize("file", EDITIONS, ids=lambda file: file.stem)
def test_a_given_edition_is_read_cell_by_cell_or_refused_for_what_it_is(file: Any) -> None:
    year, data = int(file.stem[-4:]), file.read_bytes()
    truth = json.loads((FOLDER / f"truth-{year}.json").read_text(encoding="utf-8"))
    source, entries = raw.describe(data, year, file.name), list[tuple[str, dict[str, Any]]]()
    for _ in range(TRIES):
        reviewed = onboarding.Reviewed(complete=tuple(entries))
        state, extraction = onboarding.examine(data, source, Edition(year), FACTS, reviewed)
        if not state.questions:
            break
        entries += [person(one.proposal) for one in state.questions]
    if not state.is_read:
        assert "holds a picture" in " ".join(state.causes)
        return
    assert extraction
    assert extraction.tables
    tables = {name: table.to_pylist() for name, table in extraction.tables.items()}
    cells = {
        (cell["row_key"], cell["column_name"]): cell
        for cell in tables["cells"]
        if cell["table_name"].startswith("personnel")
    }
    rows = {letters(row["mission_as_printed"]): row for row in tables["personnel"]}
    assert len(rows) == len(truth["personnel"])
    for printed in truth["personnel"]:
        row = next(row for name, row in rows.items() if letters(printed["printed"]).startswith(name))
        for column in filter(printed.__contains__, FIGURES):
            cell, want = cells[row["mission_id"], column], printed[column]
            if isinstance(want, str) and want not in EMPTY:
                assert re.sub(r"\s", "", cell["as_printed"]) == re.sub(r"\s", "", want)
            else:
                assert cell["value_integer"] == (None if isinstance(want, str) else want), (printed, column)
    for printed in truth.get("mandates") or []:
        row = next(
            one
            for one in tables["mandates"]
            if letters(printed["mission"]).startswith(letters(one["mission_as_printed"]))
        )
        for column, key in (("international_mandate", "mandate"), ("national_frame", "frame")):
            assert letters(row[f"{column}_as_printed"]) == letters(printed[key])
