"""Rules on what is printed where: missions, regions, cited papers, and rows of which a PDF's tags differ."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from pipelines.reconcile.edition import INFO, Edition, Finding, Row, Side, computed, headed, stated, words
from pipelines.reconcile.passages import Sentence
from pipelines.reconcile.statements import EDITION, Statement
from pipelines.reconcile.text import Dated, find_dates, phrase
from schemas.registry import comparable
from schemas.vocabulary import disagreement_in

_APART = 3  # so many missions that lack the same thing have a finding each; more would bury the rest
_PLACE, _PAPER = phrase("place_named"), phrase("paper")
_LETTER, _BEHIND = phrase("letter_before"), phrase("paper_behind")
_ORGANISATIONS = {"NAVO", "VN", "EU", "OVSE", "AU", "NLD", "USA", "VS", "VK"}
_MEETS = re.compile(r"\boverige missies\b|\boverige\b|\bregio\b")


def coverage(edition: Edition) -> Iterator[Finding]:
    """Compares which missions have a section, a row in annex 1 and a row in annex 2.

    Reported: a section without any row; a row in one annex and none in the other, unless annex 2 says that
    the mission has a report of its own; persons that the text places somewhere that neither annex knows. A
    mission whose registry entry makes it part of another one is covered by that one's row where the row's
    name says so. Where more than three missions lack the same thing, one finding lists them; an edition
    without an annex of mandates lacks no row of it. Why a row is missing cannot be known.
    """
    lacking: dict[str, list[Finding]] = {}
    for what, finding in _uncovered(edition):
        lacking.setdefault(what, []).append(finding)
    for what, found in lacking.items():
        yield from found if len(found) <= _APART else (_together(edition, what, found),)
    yield from _elsewhere(edition)


def _uncovered(edition: Edition) -> Iterator[tuple[str, Finding]]:
    """What a mission has and lacks, in words, and the finding of that mission alone."""
    sections = _sections(edition)
    for mission in dict.fromkeys([*sections, *edition.staffed, *edition.mandated]):
        one, two = edition.mandated.get(mission), edition.staffed.get(mission)
        name = _name(edition, mission)
        if one is None and two is None:
            for finding in _without_row(edition, mission, sections[mission]):
                apart = finding.severity is not None  # it says where the mission is counted
                yield finding.message if apart else "a section but no row in either annex", finding
        elif one is None and two is not None and edition.mandated and not two["separate_report"]:
            what = "a row in annex 2 but none in annex 1"
            lacking = "" if mission in sections else " and has no section"
            side, other = edition.row_side("personnel", two), Side("mandates", column_name="mission")
            yield what, Finding(mission, side, other, f"{name} has {what}{lacking}.")
        elif one is not None and two is None:
            what = "a row in annex 1 but none in annex 2"
            side, other = edition.row_side("mandates", one), Side("personnel", column_name="mission")
            yield what, Finding(mission, side, other, f"{name} has {what}.")


def _together(edition: Edition, what: str, found: list[Finding]) -> Finding:
    """One finding for all missions that lack the same thing; its sides are their ids and what they lack."""
    missions = [str(finding.mission_id) for finding in found]
    names = ", ".join(_name(edition, mission) for mission in missions)
    table, lines = found[0].side_a.table_name, tuple(line for each in found for line in each.evidence)
    return Finding(
        None,
        computed(", ".join(missions), names, "mission", table),
        found[0].side_b,
        f"{len(found)} missions have {what}: {names}.",
        lines,
    )


def _sections(edition: Edition) -> dict[str, Row]:
    """The first section that is headed by each mission."""
    found: dict[str, Row] = {}
    for row in edition.sections:
        for name in edition.names.find(str(row["heading"])):
            if name.mission_id in (row["mission_ids"] or ()):
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
    annexes = (edition.mandated, edition.staffed)
    rows = [row for whole in wholes for annex in annexes if (row := annex.get(whole))]
    name = _name(edition, mission)
    inside = [row for row in rows if comparable(name) in comparable(str(row["mission_as_printed"]))]
    if rows and len(inside) == len(rows):
        return
    staff = next((s for s in edition.prose.statements if s.mission_id == mission), None)
    where = " in either annex"
    if inside:
        where = f": annex 2 counts it within {inside[0]['mission_as_printed']}, annex 1 does not name it"
    counting = " that counts persons" if staff else ""
    yield Finding(
        mission,
        stated(staff) if staff else headed(section),
        edition.row_side("personnel", inside[0]) if inside and "frame_military" in inside[0] else None,
        f"{name} has a section{counting} but no row of its own{where}.",
        (section["source_line"],),
        severity=INFO if inside else None,
    )


def _elsewhere(edition: Edition) -> Iterator[Finding]:
    """Persons placed where no annex has a row."""
    seen: set[str] = set()
    rows = (*edition.personnel, *edition.mandates)
    printed = " ".join(comparable(row["mission_as_printed"]) for row in rows)
    for statement in edition.prose.statements:
        place = _placed(edition, statement)
        if place is None or place in seen or comparable(place) in printed:
            continue
        seen.add(place)
        yield Finding(
            None,
            words(statement.sentence, place, statement.quantity, statement.start, statement.end),
            None,
            f"The text counts {statement.as_printed} at {place}, which has no row in either annex.",
        )


def _placed(edition: Edition, statement: Statement) -> str | None:
    sentence = statement.sentence
    if statement.mission_id is not None or statement.pattern == EDITION or sentence.passage.mission_ids:
        return None
    place = _PLACE.search(sentence.text[statement.end : statement.end + 80])
    if place is None or edition.names.find(sentence.text):
        return None
    return None if place["name"].split(" ")[0] in _ORGANISATIONS else place["name"]


def region_conflict(edition: Edition) -> Iterator[Finding]:
    """Compares the region of a mission in annex 1, in annex 2, and in the chapter of its section.

    "Overige missies" behind a region does not make it another one. A label that the other annex does not
    use at all is odd but may only be another way of sorting: info. Where a mission works in truth cannot be
    known.
    """
    known = {_region(row["region_as_printed"]) for row in edition.personnel} - {""}
    for mission, two in edition.staffed.items():
        one = edition.mandated.get(mission)
        first, second = _region(one and one["region_as_printed"]), _region(two["region_as_printed"])
        if one is not None and first and second and first != second:
            yield Finding(
                mission,
                edition.cell("mandates", mission, "region", str(one["region_as_printed"])),
                edition.cell("personnel", mission, "region", str(two["region_as_printed"])),
                f"{two['mission_as_printed']} is under {one['region_as_printed']} in annex 1 and under "
                f"{two['region_as_printed']} in annex 2.",
                severity=None if first in known else INFO,
            )
    for mission, section in _sections(edition).items():
        chapter = next((h for h in _above(edition, section) if _region(h["heading"]) in known), None)
        row = edition.staffed.get(mission)
        own = _region(row and row["region_as_printed"])
        if chapter is None or row is None or not own or own == _region(chapter["heading"]):
            continue
        name, printed = row["mission_as_printed"], row["region_as_printed"]
        yield Finding(
            mission,
            headed(chapter),
            edition.cell("personnel", mission, "region", printed),
            f"{name} has its section under {chapter['heading']}, but is under {printed} in annex 2.",
        )


def _region(label: object) -> str:
    return " ".join(_MEETS.sub("", comparable(str(label))).split()) if label else ""


def _above(edition: Edition, section: Row) -> Iterator[Row]:
    by_id = {row["section_id"]: row for row in edition.sections}
    current = by_id.get(section["parent_id"])
    while current is not None:
        yield current
        current = by_id.get(current["parent_id"])


@dataclass(frozen=True)
class _Paper:
    """A cited paper: dossier and number as digits, and the date that the citation gives it."""

    dossier: str
    number: int
    date: Dated | None
    sentence: Sentence
    start: int
    end: int

    @property
    def label(self) -> str:
        return f"{self.dossier}, nr. {self.number}"

    def side(self, value: str, column: str) -> Side:
        return words(self.sentence, value, column, self.start, self.end)


def reference_conflict(edition: Edition) -> Iterator[Finding]:
    """Compares citations of Kamerstukken: one number with two dates, and dossiers that differ by two swapped
    digits.

    A date belongs to a citation if it is right behind it, or is the date of the letter (d.d., brief
    van) before it in the same sentence. Swapped digits are reported where the other dossier is cited more
    often, or with the same number. Which of the two is right cannot be known without the paper.
    """
    papers = [paper for sentence in edition.sentences for paper in _papers(sentence)]
    first: dict[tuple[str, int], _Paper] = {}
    for paper in papers:
        if paper.date is None or paper.date.precision != "day":
            continue
        known = first.setdefault((paper.dossier, paper.number), paper)
        if known.date is not None and known.date.low != paper.date.low:
            yield Finding(
                None,
                known.side(known.date.low.isoformat(), known.label),
                paper.side(paper.date.low.isoformat(), paper.label),
                f"Kamerstuk {paper.label} is dated {known.date.low} in one place and "
                f"{paper.date.low} in another.",
            )
    yield from _swapped(papers)


def _swapped(papers: list[_Paper]) -> Iterator[Finding]:
    cited = Counter(paper.dossier for paper in papers)
    reported: set[tuple[str, int]] = set()
    for paper in papers:
        for other in papers:
            if (paper.dossier, paper.number) in reported or not _differ_by_swap(paper.dossier, other.dossier):
                continue
            if cited[other.dossier] <= cited[paper.dossier]:
                continue
            same = [p for p in papers if p.dossier == other.dossier and p.number == paper.number]
            partner = same[0] if same else other
            reported.add((paper.dossier, paper.number))
            yield Finding(
                None,
                paper.side(paper.label, "dossier"),
                partner.side(partner.label, "dossier"),
                f"Kamerstuk {paper.label} has two digits swapped compared with dossier {partner.dossier}"
                + (f", which has a number {paper.number} too." if same else "."),
            )


def _differ_by_swap(one: str, two: str) -> bool:
    swapped = (one[:at] + one[at + 1] + one[at] + one[at + 2 :] for at in range(len(one) - 1))
    return one != two and two in swapped


def _papers(sentence: Sentence) -> Iterator[_Paper]:
    text = sentence.text
    found = list(_PAPER.finditer(text))
    printed = list(find_dates(text)) if found else []
    begin = 0
    for index, match in enumerate(found):
        stop = found[index + 1].start() if index + 1 < len(found) else len(text)
        behind = [
            d
            for d in printed
            if match.end() <= d.start < stop and _BEHIND.fullmatch(text[match.end() : d.start])
        ]
        before = [d for d in printed if begin <= d.start < match.start() and _LETTER.search(text[: d.start])]
        date = behind[0] if behind else before[-1] if before else None
        digits = re.sub(r"\D", "", match["dossier"])
        dossier = "-".join(filter(None, (digits[:5], digits[5:])))
        yield _Paper(dossier, int(match["number"]), date, sentence, match.start(), match.end())
        begin = match.end()


def tag_geometry_disagreement(edition: Edition) -> Iterator[Finding]:
    """Compares the cells that a PDF's structure tags have in a row with those that stand in it on the page.

    The row is recorded as the page shows it, since all its sums come out, and the cell of its name says that
    the tags differ; which of the two its makers meant cannot be known. Where a sum does not come out, the
    edition is refused before.
    """
    for (table, row_key, column), cell in edition.cells.items():
        reasons = cell["equalities"]
        for reason in reasons or ():
            if (readings := disagreement_in(str(reason))) is None:
                continue
            side = edition.cell(table, row_key, column)
            yield Finding(
                row_key if row_key in edition.staffed or row_key in edition.mandated else None,
                side,
                None,
                f"Two readings of this cell differ: {readings}; {side.value or 'a blank'} is recorded.",
            )
