"""The registry's tables: missions, how they are spelt, how they hang together."""

from __future__ import annotations

from dataclasses import replace

from schemas.contract import (
    INTEGER,
    INTEGERS,
    OF_MISSION,
    TEXT,
    TEXTS,
    Column,
    Contract,
    Reference,
    mission_id_column,
)
from schemas.vocabulary import ORGANISATIONS, RELATIONS

MISSIONS = Contract(
    name="missions",
    description="The missions and operations that the registry knows.",
    row="mission",
    key=("mission_id",),
    columns=(
        mission_id_column(),
        Column("name", TEXT, "Short name in common use."),
        Column("full_name", TEXT, "Full name.", nullable=True),
        Column(
            "organisation",
            TEXT,
            f"Who leads it: {', '.join(ORGANISATIONS)} (none of these, or not known).",
            one_of=ORGANISATIONS,
        ),
        Column("region", TEXT, "Region by which trends are grouped, the same over all editions."),
        Column("countries", TEXTS, "Countries it works in, as ISO 3166-1 alpha-2 codes."),
        Column(
            "wikidata_id",
            TEXT,
            "Wikidata item, where it is certain.",
            nullable=True,
            matches=r"^Q[1-9][0-9]*$",
        ),
        Column("first_edition_year", INTEGER, "First edition held that lists it in annex 2.", nullable=True),
        Column("last_edition_year", INTEGER, "Last edition held that lists it in annex 2.", nullable=True),
    ),
    stage="registry",
)

MISSION_REGISTRY = replace(
    MISSIONS,
    name="mission_registry",
    description="The registry as it stands in schemas/missions.toml; `missions` adds the editions held.",
    columns=tuple(c for c in MISSIONS.columns if not c.name.endswith("_edition_year")),
)

MISSION_SPELLINGS = Contract(
    name="mission_spellings",
    description="How missions are spelt in the annexes of the editions held.",
    row="spelling met",
    key=("spelling",),
    columns=(
        Column("spelling", TEXT, "The name as printed."),
        mission_id_column(),
        Column("editions", INTEGERS, "Editions whose annexes use the spelling."),
    ),
    references=(OF_MISSION,),
    stage="registry",
)

MISSION_RELATIONS = Contract(
    name="mission_relations",
    description="How missions hang together: one is part of, succeeds or includes another.",
    row="pair of missions",
    key=("mission_id", "relation", "other_mission_id"),
    columns=(
        mission_id_column(),
        Column("relation", TEXT, f"One of: {', '.join(RELATIONS)}.", one_of=RELATIONS),
        Column("other_mission_id", TEXT, "The other mission's identifier in the registry."),
        Column("source", TEXT, "What says so: an edition and line, or a public document."),
    ),
    references=(OF_MISSION, Reference(("other_mission_id",), "missions", ("mission_id",))),
    stage="registry",
)
