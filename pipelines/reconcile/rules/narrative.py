"""Rules on head counts that the text or a footnote states, against the row of annex 2."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from pipelines.reconcile import numbers
from pipelines.reconcile.edition import Edition, Row, figure, stated, summed, words
from pipelines.reconcile.findings import ERROR, INFO, WARN, Finding, Side
from pipelines.reconcile.persons import CIVIL, EITHER, MILITARY
from pipelines.reconcile.statements import CEILING, CEILING_FIGURE, IN_PERIOD, UNIT, Statement
from schemas.vocabulary import DEPLOYED, FRAME

_ABOUT = 0.1  # "circa" may be off by a tenth
_SENT = re.compile(r"ingezet|uitgezonden|uitzending|gezonden", re.IGNORECASE)
_GENERIC = re.compile(r"militairen|personen|functionarissen|mensen|medewerkers", re.IGNORECASE)
_CLAIM = re.compile(
    r"aantal(?:len)?\b[^.]{0,80}?\b(?:hoger|groter)\b[^.]{0,40}?\bdan\b[^.]{0,60}?kader", re.IGNORECASE
)
_AT_ONCE = re.compile(
    rf"(?P<number>{numbers.WORD})\s(?P<name>[\w’'-]+)\s[^.,;]{{0,40}}?\b(?:tegelijk|gelijktijdig)",
    re.IGNORECASE,
)

Group = list[Statement]


def footnote_figure(edition: Edition) -> Iterator[Finding]:
    """Compares a figure that a footnote states for a mission with the mission's cells in annex 2.

    A ceiling against the frame, persons sent against the persons sent, and "at most so many units at once"
    times the size of a unit against the frame. The mission is the one that the note names, or whose row
    marks it. What a unit consists of may vary in practice; then the product proves little.
    """
    for group in _groups(edition, "footnotes", (CEILING, CEILING_FIGURE)):
        yield from _against_frame("footnote_figure", ERROR, edition, group)
    for group in _groups(edition, "footnotes", (IN_PERIOD,)):
        yield from _against_deployed("footnote_figure", edition, group)
    for statement in edition.reading.statements:
        if (
            statement.pattern == UNIT
            and statement.sentence.passage.table_name == "footnotes"
            and statement.exact
        ):
            yield from _units(edition, statement)


def _units(edition: Edition, size: Statement) -> Iterator[Finding]:
    row = edition.staffed.get(str(size.mission_id))
    frame = None if row is None else figure(row, "frame_military")
    if frame is None:
        return
    for sentence in (s for s in edition.sentences if s.passage is size.sentence.passage):
        at_once = _AT_ONCE.search(sentence.text)
        number = None if at_once is None else numbers.value(at_once["number"])
        if at_once is None or number is None or number * size.low == frame:
            continue
        if any(name.mission_id == size.mission_id for name in edition.names.find(at_once["name"])):
            yield Finding(
                "footnote_figure",
                WARN,
                size.mission_id,
                words(sentence, str(number * size.low), "frame_military", *at_once.span()),
                edition.cell("personnel", str(size.mission_id), "frame_military"),
                f"{number} units at once of {size.low} each make {number * size.low}, but the frame "
                f"is printed as {frame}.",
                (stated(size).line or 0,),
            )


def frame_narrative(edition: Edition) -> Iterator[Finding]:
    """Compares the national frame that a mission's section states with the frame in annex 2.

    Military and civil/police are compared apart where the text tells them apart, else together. A number
    per rotation or at one moment must not exceed the frame; one below it is no contradiction, since a frame
    is a ceiling. A frame that changed within the period cannot be told from an error.
    """
    for group in _groups(edition, "sections", (CEILING, CEILING_FIGURE)):
        yield from _against_frame("frame_narrative", WARN, edition, group)
    for group in _groups(edition, "sections", None, "rotation"):
        for kind, number, low in _sums(group):
            row = edition.staffed[str(group[0].mission_id)]
            frame = _of_kind(row, FRAME, kind)
            if frame is not None and low > frame:
                yield Finding(
                    "frame_narrative",
                    WARN,
                    group[0].mission_id,
                    _counted(group, number),
                    _figure_side(edition, group[0], "frame", kind, frame),
                    f"The text counts {number} at one time, but the frame in annex 2 is {frame}.",
                    _lines(group),
                )


def deployed_narrative(edition: Edition) -> Iterator[Finding]:
    """Compares persons that a mission's section counts over the reporting period with annex 2.

    Annex 2 counts every rotation; a number per rotation or at one moment is not compared with it, except
    that it cannot exceed it. Counts of different functions may add up over several sentences. Where annex 2
    has more than the text, and the text names functions rather than persons sent, rotations may be the
    reason: info.
    """
    groups = list(_groups(edition, "sections", (IN_PERIOD,)))
    for group in groups:
        for finding in _against_deployed("deployed_narrative", edition, group):
            if not _adds_up(finding, groups):
                yield finding
    for group in _groups(edition, "sections", None, "rotation"):
        row = edition.staffed[str(group[0].mission_id)]
        for kind, number, low in _sums(group):
            sent = _of_kind(row, DEPLOYED, kind)
            if sent is not None and low > sent:
                yield Finding(
                    "deployed_narrative",
                    WARN,
                    group[0].mission_id,
                    _counted(group, number),
                    _figure_side(edition, group[0], "deployed", kind, sent),
                    f"The text counts {number} at one time, but annex 2 counts {sent} over the whole period.",
                    _lines(group),
                )


def claim_more_deployed_than_frame(edition: Edition) -> Iterator[Finding]:
    """Where the text says in general that more persons were sent than the frames hold: the rows that do not
    bear it out.

    A row does not, if fewer persons were sent than its frame in some column, or no more in all. One finding
    per mission. The report may have meant the claim only on the whole.
    """
    claim = next(((s, m) for s in edition.sentences if (m := _CLAIM.search(s.text))), None)
    if claim is None or re.search(r"\b(?:niet|sommige|veelal|doorgaans|meestal)\b", claim[1][0]):
        return
    side = words(claim[0], "deployed > frame", None, *claim[1].span())
    for mission, row in edition.staffed.items():
        pairs = [
            (frame_column, column, figure(row, frame_column), figure(row, column) or 0)
            for frame_column, column in zip(FRAME, DEPLOYED, strict=True)
        ]
        given = [(column, frame, sent) for _, column, frame, sent in pairs if frame is not None]
        lower = [(column, frame, sent) for column, frame, sent in given if sent < frame]
        whole_frame, whole_sent = summed(row, FRAME), summed(row, DEPLOYED)
        if not lower and (whole_frame is None or (whole_sent or 0) > whole_frame):
            continue
        column, frame, sent = (lower or given)[0]
        yield Finding(
            "claim_more_deployed_than_frame",
            INFO,
            mission,
            side,
            edition.cell("personnel", mission, column, sent),
            f"The text says that more were sent than the frames hold, but {row['mission_as_printed']} "
            f"has {sent} "
            f"sent for a frame of {frame} ({column}).",
        )


def _groups(
    edition: Edition, table: str, patterns: tuple[str, ...] | None, quantity: str = ""
) -> Iterator[Group]:
    """Statements of one sentence and mission together, of missions that have a row in annex 2."""
    found: dict[tuple[int, str], Group] = {}
    for s in edition.reading.statements:
        if (
            s.mission_id in edition.staffed
            and s.sentence.passage.table_name == table
            and (patterns is None or s.pattern in patterns)
            and s.quantity.startswith(quantity)
        ):
            found.setdefault((id(s.sentence), str(s.mission_id)), []).append(s)
    yield from found.values()


def _sums(group: Group) -> Iterator[tuple[str, str, int]]:
    """Kind, the counts as a text (`4`, `2 + 1`) and their least sum; together if one is of either."""
    kinds = [EITHER] if any(s.kind == EITHER for s in group) else [MILITARY, CIVIL]
    for kind in kinds:
        own = [s for s in group if kind in (EITHER, s.kind)]
        if own:
            shown = " + ".join(str(s.low) if s.low == s.high else f"{s.low}-{s.high}" for s in own)
            yield kind, shown, sum(s.low for s in own)


def _highest(group: Group, kind: str) -> int:
    return sum(s.high for s in group if kind in (EITHER, s.kind))


def _of_kind(row: Row, columns: tuple[str, str], kind: str) -> int | None:
    """The figure of annex 2 that a count is compared with; an empty cell beside a printed one is none."""
    whole = summed(row, columns)
    if kind == EITHER or whole is None:
        return whole
    return figure(row, columns[0] if kind == MILITARY else columns[1]) or 0


def _against_frame(rule: str, severity: str, edition: Edition, group: Group) -> Iterator[Finding]:
    row = edition.staffed[str(group[0].mission_id)]
    for kind, shown, low in _sums(group):
        frame = _of_kind(row, FRAME, kind)
        if frame is None or _holds(group, low, _highest(group, kind), frame):
            continue
        yield Finding(
            rule,
            severity,
            group[0].mission_id,
            _counted(group, shown if "-" in shown else str(low)),
            _figure_side(edition, group[0], "frame", kind, frame),
            f"The text gives a national frame of {shown} ({kind}), but annex 2 prints {frame}.",
            _lines(group),
        )


def _against_deployed(rule: str, edition: Edition, group: Group) -> Iterator[Finding]:
    row = edition.staffed[str(group[0].mission_id)]
    for kind, shown, low in _sums(group):
        sent = _of_kind(row, DEPLOYED, kind)
        printed = figure(row, "deployed_total") if kind == EITHER else sent
        high = _highest(group, kind)
        if sent is None or _holds(group, low, high, sent) or low == printed:
            continue
        counted = [s for s in group if kind in (EITHER, s.kind)]
        told = all(_GENERIC.search(s.noun) for s in counted) and _SENT.search(counted[0].sentence.text)
        odd = high < sent and kind != CIVIL and not told
        yield Finding(
            rule,
            INFO if odd else WARN,
            group[0].mission_id,
            _counted(counted, shown if "-" in shown else str(low)),
            _figure_side(edition, group[0], "deployed", kind, sent),
            f"The text counts {shown} ({kind}) in the reporting period, but annex 2 has {sent} sent."
            + (" Several rotations may explain it." if odd else ""),
            _lines(group),
        )


def _holds(group: Group, low: int, high: int, printed: int) -> bool:
    """Whether what the text says allows the printed figure."""
    qualifiers = {word for s in group for word in (s.qualifier or "").split(", ")}
    if "about" in qualifiers:
        return abs(printed - low) <= max(1, _ABOUT * low)
    if "at least" in qualifiers:
        return printed >= low
    if "at most" in qualifiers and group[0].quantity.startswith("deployed"):
        return printed <= high
    return low <= printed <= high


def _adds_up(finding: Finding, groups: Iterable[Group]) -> bool:
    """Whether the counts of all sentences about the mission's period together make the printed figure."""
    side = finding.side_b
    kind = str(side and side.column_name).removeprefix("deployed_")
    own = [
        s
        for group in groups
        for s in group
        if s.mission_id == finding.mission_id and kind in (EITHER, s.kind)
    ]
    return len(own) > 1 and str(sum(s.low for s in own)) == (side and side.value)


def _counted(group: Group, value: str) -> Side:
    """The words from the first count to the last."""
    first, last = group[0], group[-1]
    side = words(first.sentence, value, first.quantity, first.start, last.end)
    return side if len(group) > 1 else Side(**{**vars(stated(first)), "value": value})


def _figure_side(edition: Edition, statement: Statement, quantity: str, kind: str, value: int) -> Side:
    """The cell that a count is compared with; of two together the first stands for both."""
    mission = str(statement.mission_id)
    if kind == EITHER and quantity == "frame":
        cell = edition.cell("personnel", mission, "frame_military", value)
        return Side(**{**vars(cell), "column_name": "frame_total", "text": _both(edition, mission)})
    return edition.cell("personnel", mission, f"{quantity}_{kind}", value)


def _both(edition: Edition, mission: str) -> str:
    parts = [edition.cell("personnel", mission, column).text for column in FRAME]
    return " + ".join(part for part in parts if part)


def _lines(group: Group) -> tuple[int, ...]:
    return tuple(line for s in group if (line := stated(s).line) is not None)
