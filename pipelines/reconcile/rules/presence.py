"""Rules on what stands where: missions in sections and annexes, their regions and their legal basis."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipelines.reconcile.edition import Edition, Row, stated, words
from pipelines.reconcile.findings import INFO, WARN, Finding, Side
from pipelines.reconcile.statements import EDITION, Statement
from schemas.registry import comparable

_PLACE = re.compile(
    r"(?:\bbij|\baan|\bbinnen|\bvoor|\bop|\bin)\s(?:de\s"
    r"|het\s)?(?:\w+\s){0,3}?(?P<name>[A-Z]{3,}[A-Za-z]*(?:[ /-][A-Z][\w-]+){0,3})"
)
_ORGANISATIONS = {"NAVO", "VN", "EU", "OVSE", "AU", "NLD", "USA", "VS", "VK"}
_RESOLUTION = re.compile(
    r"(?:resolutie|VNVR|UNSCR)\s(?:nr\.\s)?(?P<number>\d{2,4})\b(?!\s?\()", re.IGNORECASE
)
_BASIS = re.compile(
    r"mandaat|rechtsbasis|rechtsgrond|verlopen|verlengd|verlengt|autoris|machtig", re.IGNORECASE
)
_MEETS = re.compile(r"\boverige missies\b|\boverige\b|\bregio\b")


def coverage(edition: Edition) -> Iterator[Finding]:
    """Compares which missions have a section, a row in annex 1 and a row in annex 2.

    Reported: a section without any row; a row in one annex and none in the other, unless annex 2 says that
    the mission has a report of its own; persons that the text places somewhere that neither annex knows. A
    mission whose registry entry makes it part of another one is covered by that one's row where the row's
    name says so. Why a row is missing cannot be known.
    """
    headed = _headed(edition)
    for mission in dict.fromkeys([*headed, *edition.staffed, *edition.mandated]):
        one, two = edition.mandated.get(mission), edition.staffed.get(mission)
        name = _name(edition, mission)
        if one is None and two is None:
            yield from _without_row(edition, mission, headed[mission])
        elif one is None and two is not None and not two["separate_report"]:
            lacking = "" if mission in headed else " and has no section"
            yield Finding(
                "coverage",
                WARN,
                mission,
                edition.row_side("personnel", two),
                Side("mandates", None, "mission", None, None, None, None),
                f"{name} has a row in annex 2 but none in annex 1{lacking}.",
            )
        elif one is not None and two is None:
            yield Finding(
                "coverage",
                WARN,
                mission,
                edition.row_side("mandates", one),
                Side("personnel", None, "mission", None, None, None, None),
                f"{name} has a row in annex 1 but none in annex 2.",
            )
    yield from _elsewhere(edition)


def _headed(edition: Edition) -> dict[str, Row]:
    """The first section that is headed by each mission."""
    found: dict[str, Row] = {}
    for row in edition.sections:
        for name in edition.names.find(str(row["heading"])):
            missions = row["mission_ids"]
            if isinstance(missions, list) and name.mission_id in missions:
                found.setdefault(name.mission_id, row)
    return found


def _name(edition: Edition, mission: str) -> str:
    return next((known.name for known in edition.registry.missions if known.id == mission), mission)


def _without_row(edition: Edition, mission: str, section: Row) -> Iterator[Finding]:
    wholes = [
        r.other_mission_id
        for r in edition.registry.relations
        if r.mission_id == mission and r.relation == "part of"
    ]
    rows = [
        row for whole in wholes for row in (edition.mandated.get(whole), edition.staffed.get(whole)) if row
    ]
    name = _name(edition, mission)
    inside = [row for row in rows if comparable(name) in comparable(str(row["mission_as_printed"]))]
    if rows and len(inside) == len(rows):
        return
    staff = next((s for s in edition.reading.statements if s.mission_id == mission), None)
    line = section["source_line"]
    side = Side(
        "sections", str(section["section_id"]), "heading", str(section["heading"]), None,
        line if isinstance(line, int) else None, str(section["heading"]),
    )  # fmt: skip
    where = (
        f"annex 2 counts it within {inside[0]['mission_as_printed']}, annex 1 does not name it"
        if inside
        else ""
    )
    yield Finding(
        "coverage",
        INFO if inside else WARN,
        mission,
        stated(staff) if staff else side,
        edition.row_side("personnel", inside[0]) if inside and "frame_military" in inside[0] else None,
        f"{name} has a section{' that counts persons' if staff else ''} but no row of its own"
        f"{': ' + where if where else ' in either annex'}.",
        tuple(number for number in (side.line,) if number is not None),
    )


def _elsewhere(edition: Edition) -> Iterator[Finding]:
    """Persons placed where no annex has a row."""
    seen: set[str] = set()
    printed = " ".join(
        comparable(str(row["mission_as_printed"])) for row in (*edition.personnel, *edition.mandates)
    )
    for statement in edition.reading.statements:
        place = _placed(edition, statement)
        if place is None or place in seen or comparable(place) in printed:
            continue
        seen.add(place)
        yield Finding(
            "coverage",
            WARN,
            None,
            words(statement.sentence, place, statement.quantity, statement.start, statement.end),
            None,
            f"The text counts {statement.as_printed} at {place}, which has no row in either annex.",
        )


def _placed(edition: Edition, statement: Statement) -> str | None:
    if (
        statement.mission_id is not None
        or statement.pattern == EDITION
        or statement.sentence.passage.mission_ids
    ):
        return None
    behind = statement.sentence.text[statement.end : statement.end + 80]
    place = _PLACE.search(behind)
    if (
        place is None
        or edition.names.find(statement.sentence.text)
        or place["name"].split(" ")[0] in _ORGANISATIONS
    ):
        return None
    return place["name"]


def region_conflict(edition: Edition) -> Iterator[Finding]:
    """Compares the region of a mission in annex 1, in annex 2, and in the chapter that its section stands in.

    "Overige missies" behind a region is no other region. A label that the other annex does not use at all is
    odd but may only be another way of sorting: info. Where a mission works in truth cannot be known.
    """
    known = {_region(row["region_as_printed"]) for row in edition.personnel} - {""}
    for mission, two in edition.staffed.items():
        one = edition.mandated.get(mission)
        first, second = _region(one and one["region_as_printed"]), _region(two["region_as_printed"])
        if one is not None and first and second and first != second:
            yield Finding(
                "region_conflict",
                WARN if first in known else INFO,
                mission,
                edition.cell("mandates", mission, "region", str(one["region_as_printed"])),
                edition.cell("personnel", mission, "region", str(two["region_as_printed"])),
                f"{two['mission_as_printed']} stands under {one['region_as_printed']} in annex 1 and under "
                f"{two['region_as_printed']} in annex 2.",
            )
    for mission, section in _headed(edition).items():
        chapter = next((h for h in _above(edition, section) if _region(h["heading"]) in known), None)
        row = edition.staffed.get(mission)
        own = _region(row and row["region_as_printed"])
        if chapter is None or row is None or not own or own == _region(chapter["heading"]):
            continue
        line = chapter["source_line"]
        heading = str(chapter["heading"])
        yield Finding(
            "region_conflict",
            WARN,
            mission,
            Side(
                "sections",
                str(chapter["section_id"]),
                "heading",
                heading,
                None,
                line if isinstance(line, int) else None,
                heading,
            ),
            edition.cell("personnel", mission, "region", str(row["region_as_printed"])),
            f"{row['mission_as_printed']} has its section under {heading}, but stands under "
            f"{row['region_as_printed']} in annex 2.",
        )


def _region(label: object) -> str:
    return " ".join(_MEETS.sub("", comparable(str(label))).split()) if label else ""


def _above(edition: Edition, section: Row) -> Iterator[Row]:
    by_id = {row["section_id"]: row for row in edition.sections}
    current = by_id.get(section["parent_id"])
    while current is not None:
        yield current
        current = by_id.get(current["parent_id"])


def legal_basis_conflict(edition: Edition) -> Iterator[Finding]:
    """Compares the resolution that annex 1 gives as legal basis with those that the text calls the mission's
    mandate.

    Only sentences that speak of the mandate, its extension or its lapse count, and only where none of the
    mission's resolutions agrees. Several resolutions may be in force at once: info where the text speaks of
    one that lapsed.
    """
    said: dict[str, list[tuple[int, Side, bool]]] = {}
    for sentence in edition.sentences:
        if not _BASIS.search(sentence.text):
            continue
        for match in _RESOLUTION.finditer(sentence.text):
            mission = edition.names.of(sentence, match.end())
            if mission is not None:
                side = words(sentence, match["number"], "legal_basis", *match.span())
                lapsed = re.search(r"verlopen|verliep", sentence.text) is not None
                said.setdefault(mission, []).append((int(match["number"]), side, lapsed))
    for mission, resolutions in said.items():
        row = edition.mandated.get(mission)
        own = {int(m["number"]) for m in _RESOLUTION.finditer(str(row["legal_basis"]))} if row else set()
        if not own or own & {number for number, _, _ in resolutions}:
            continue
        number, side, lapsed = resolutions[0]
        yield Finding(
            "legal_basis_conflict",
            INFO if lapsed else WARN,
            mission,
            side,
            edition.cell("mandates", mission, "legal_basis"),
            f"The text speaks of resolution {number}{', which lapsed,' if lapsed else ''} but annex 1 gives "
            f"{', '.join(map(str, sorted(own)))} as the legal basis.",
        )
