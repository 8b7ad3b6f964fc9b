"""The checks that a recorded value passed, one by one, as the contracts state them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import schemas
from pipelines.trace.model import Check
from pipelines.trace.needs import Need
from schemas.demands import demands

NOTE = (
    "a reading of which any row fails one is refused and never becomes a vintage; "
    "listed as this version's contracts state them"
)


def checks(needed: Iterable[Need]) -> tuple[Check, ...]:
    """Those on the columns that a value rests on, on its rows as wholes, and on rows of `cells`."""
    return tuple(dict.fromkeys(_checks(needed)))


def _checks(needed: Iterable[Need]) -> Iterator[Check]:
    for need in needed:
        for demand in demands(schemas.TABLES[need.table].as_read(), need.columns):
            yield Check(demand.table_name, demand.column, demand.check, "passed")
    for demand in demands(schemas.TABLES["cells"].as_read(), ()):
        yield Check(demand.table_name, demand.column, demand.check, "passed")
