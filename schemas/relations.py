"""Every relation by name. `TABLES` holds what is read from a report, `REGISTRY` what the mission
registry says, `RECONCILED` what the rules found in a vintage, `RECORD` what the lake keeps about
itself, `REFUSALS` what was kept out of it, `DERIVED` what publishing adds, `BUILT` what a published
file says of itself, `PUBLIC` the figures of other public sources, `HISTORY` views on the record,
`TRENDS` those on the latest vintages; `RELATIONS` is every relation of the published file, in
publication order.
"""

from __future__ import annotations

from types import MappingProxyType

from schemas.cells import CELLS
from schemas.contract import Column, Contract, Reference, RowRule
from schemas.editions import EDITIONS
from schemas.findings import (
    CORRECTIONS,
    DECLARED_CORRECTIONS,
    FINDINGS,
    FINDINGS_ACROSS_EDITIONS,
    MISSION_EVENTS,
    RECONCILIATIONS,
    STATEMENTS,
    UNREAD_SENTENCES,
    every_vintage,
)
from schemas.mandates import MANDATES
from schemas.missions import MISSION_REGISTRY, MISSION_RELATIONS, MISSION_SPELLINGS, MISSIONS
from schemas.personnel import PERSONNEL, PERSONNEL_TOTALS
from schemas.public import MISSION_OBSERVATIONS, MISSION_TIMELINE, OBSERVATIONS, UN_CONTRIBUTIONS
from schemas.publication import BUILD_INFO, COLUMN_LINEAGE, CONTRACT_CHECKS, EDITION_STATE
from schemas.quarantine import QUARANTINE
from schemas.record import RELEASES, REVISIONS, VERIFICATIONS, VINTAGES
from schemas.text import FOOTNOTES, SECTIONS
from schemas.trends import (
    EDITION_TOTALS,
    MANDATE_TRENDS,
    MISSION_HISTORY,
    MISSION_TRENDS,
    ORGANISATION_TRENDS,
    REGION_TRENDS,
)


def _by_name(*contracts: Contract) -> MappingProxyType[str, Contract]:
    return MappingProxyType({contract.name: contract for contract in contracts})


TABLES = _by_name(EDITIONS, PERSONNEL, PERSONNEL_TOTALS, MANDATES, FOOTNOTES, SECTIONS, CELLS)
REGISTRY = _by_name(MISSIONS, MISSION_SPELLINGS, MISSION_RELATIONS, MISSION_REGISTRY)
RECONCILED = _by_name(FINDINGS, STATEMENTS, MISSION_EVENTS, UNREAD_SENTENCES)
RECORD = _by_name(VINTAGES, VERIFICATIONS, RELEASES, RECONCILIATIONS)
HISTORY = _by_name(REVISIONS, CORRECTIONS, EDITION_STATE)
DERIVED = _by_name(FINDINGS_ACROSS_EDITIONS, DECLARED_CORRECTIONS)
BUILT = _by_name(BUILD_INFO, CONTRACT_CHECKS, COLUMN_LINEAGE)
VINTAGE_TABLES = _by_name(
    *(contract.with_vintage() for contract in TABLES.values()),
    *(every_vintage(contract) for contract in RECONCILED.values()),
)
TRENDS = _by_name(
    MISSION_TRENDS,
    MISSION_HISTORY,
    REGION_TRENDS,
    ORGANISATION_TRENDS,
    EDITION_TOTALS,
    MANDATE_TRENDS,
    MISSION_OBSERVATIONS,
    MISSION_TIMELINE,
)
PUBLIC = _by_name(OBSERVATIONS, UN_CONTRIBUTIONS)
REFUSALS = _by_name(QUARANTINE)
RELATIONS = _by_name(
    *TABLES.values(),
    *REGISTRY.values(),
    *RECORD.values(),
    *RECONCILED.values(),
    *HISTORY.values(),
    *DERIVED.values(),
    *BUILT.values(),
    *REFUSALS.values(),
    *PUBLIC.values(),
    *VINTAGE_TABLES.values(),
    *TRENDS.values(),
)

__all__ = [
    "BUILT",
    "DERIVED",
    "HISTORY",
    "PUBLIC",
    "RECONCILED",
    "RECORD",
    "REFUSALS",
    "REGISTRY",
    "RELATIONS",
    "TABLES",
    "TRENDS",
    "VINTAGE_TABLES",
    "Column",
    "Contract",
    "Reference",
    "RowRule",
]
