"""Rules on figures of annex 2 and what the text or a footnote states of them; `sums` compares sums."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import combinations

from pipelines.reconcile import events
from pipelines.reconcile.edition import (
    INFO,
    WARN,
    Edition,
    Finding,
    Row,
    Side,
    dated,
    stated,
    summed,
    words,
)
from pipelines.reconcile.statements import (
    CEILING,
    CEILING_FIGURE,
    CIVIL,
    EDITION,
    EITHER,
    IN_PERIOD,
    MILITARY,
    UNIT,
    Statement,
)
from pipelines.reconcile.text import number, phrase
from schemas.vocabulary import DEPLOYED, FRAME, TOTAL

_ABOUT = 0.1  # "circa" may be off by a tenth
_SENT, _GENERIC, _BEFORE = phrase("sent"), phrase("generic_persons"), phrase("period_before")
_CLAIM, _AT_ONCE = phrase("more_sent_than_frame"), phrase("units_at_once")

Group = list[Statement]


def prose_total(edition: Edition) -> Iterator[Finding]:
    """Compares each total of the whole edition that the text states with the totals row of annex 2.

    Only a sentence that counts persons sent (or ceilings) in the period or in total, names no mission and
    is under no region is a total of the edition; "about" and ranges are not compared. Whether the text
    leaves missions out without saying so cannot be known.
    """
    if edition.totals is None:
        return
    for statement in edition.prose.statements:
        if statement.pattern != EDITION or not statement.exact:
            continue
        frame = statement.quantity == "frame_total"
        printed = summed(edition.totals, FRAME) if frame else edition.totals[statement.quantity]
        if printed is None or printed == statement.low:
            continue
        column = "frame_military" if frame else statement.quantity
        yield Finding(
            None,
            stated(statement),
            edition.cell("personnel_totals", TOTAL, column, printed),
            f"The text states {statement.low} for all missions ({statement.quantity}), but the totals row of "
            f"annex 2 prints {printed}.{_hint(edition, statement)}",
        )


def _hint(edition: Edition, statement: Statement) -> str:
    """Where the stated total is what the printed parts make, that is worth saying."""
    whole = edition.totals is not None and statement.quantity == "deployed_total"
    if whole and edition.totals is not None and summed(edition.totals, DEPLOYED) == statement.low:
        return " Its printed parts do make the figure of the text."
    rows = sum(row.get(statement.quantity) or 0 for row in edition.personnel)
    return " The rows above it do make the figure of the text." if rows == statement.low else ""


def prose_conflict(edition: Edition) -> Iterator[Finding]:
    """Compares statements of the text about the same quantity with each other.

    For the whole edition: equal quantities, and a stated total against parts that one other sentence states
    together. For a mission: its frame, the size of a unit, and the end of the contribution. Numbers per
    rotation or at one moment may change within the period, and numbers of different functions add up, so
    these are not compared.
    """
    whole = [s for s in edition.prose.statements if s.pattern == EDITION and s.exact]
    for first, second in combinations(_distinct(whole), 2):
        if first.quantity == second.quantity and first.low != second.low:
            yield _conflict(first, second.low, stated(second))
    for total in (s for s in _distinct(whole) if s.kind == EITHER):
        for military, civil in _pairs(whole):
            if military.quantity.split("_")[0] != total.quantity.split("_")[0]:
                continue
            makes = military.low + civil.low
            if makes != total.low and civil.sentence is not total.sentence:
                side = replace(stated(civil), value=str(makes), column_name=total.quantity)
                yield _conflict(total, makes, side, f"{military.low} + {civil.low} = {makes}")
    for mission in dict.fromkeys(s.mission_id for s in edition.prose.statements if s.mission_id):
        frames = list(_frames(edition, mission))
        for (value, one), (other, two) in combinations(frames, 2):
            if value != other:
                yield _conflict(one, other, stated(two), str(other), value)
        sizes = [
            s for s in edition.prose.statements if s.mission_id == mission and s.pattern == UNIT and s.exact
        ]
        for one, two in combinations(_distinct(sizes), 2):
            if one.kind == two.kind and one.low != two.low and one.sentence is not two.sentence:
                yield _conflict(one, two.low, stated(two))
    yield from _ends(edition)


def _ends(edition: Edition) -> Iterator[Finding]:
    """Two dates for the end of a mission's contribution that cannot be the same."""
    ended = edition.of_kind(events.ENDED)
    for one, two in combinations(ended, 2):
        apart = one.date.high < two.date.low or two.date.high < one.date.low
        if one.mission_id == two.mission_id and apart:
            yield Finding(
                one.mission_id,
                dated(one),
                dated(two),
                f"The text lets the contribution end {one.date.as_printed} in one place and "
                f"{two.date.as_printed} in another.",
                severity=WARN,
            )


def _distinct(statements: list[Statement]) -> list[Statement]:
    """One statement of each quantity and value: the first."""
    first: dict[tuple[str, int], Statement] = {}
    for statement in statements:
        first.setdefault((statement.quantity, statement.low), statement)
    return list(first.values())


def _pairs(statements: list[Statement]) -> Iterator[tuple[Statement, Statement]]:
    """Military and civil/police of one sentence, each pair of values once."""
    seen: set[tuple[str, int, int]] = set()
    for military in (s for s in statements if s.kind == MILITARY):
        for civil in (s for s in statements if s.kind == CIVIL and s.sentence is military.sentence):
            key = (military.quantity, military.low, civil.low)
            if key not in seen:
                seen.add(key)
                yield military, civil


def _frames(edition: Edition, mission: str) -> Iterator[tuple[int, Statement]]:
    """The whole frame of a mission by each sentence that states it whole."""
    by_sentence: dict[int, list[Statement]] = {}
    for s in edition.prose.statements:
        if s.mission_id == mission and s.pattern in (CEILING, CEILING_FIGURE) and s.exact:
            by_sentence.setdefault(id(s.sentence), []).append(s)
    for group in by_sentence.values():
        kinds = {s.kind for s in group}
        if EITHER in kinds or kinds == {MILITARY, CIVIL}:
            yield sum(s.low for s in group), group[0]


def _conflict(
    first: Statement, value: int, side: Side, shown: str | None = None, own: int | None = None
) -> Finding:
    edition_wide = first.mission_id is None
    return Finding(
        first.mission_id,
        stated(first) if own is None else replace(stated(first), value=str(own)),
        side,
        f"The text states {first.low if own is None else own} {'for all missions ' if edition_wide else ''}"
        f"({first.quantity}) in one place and {shown or value} in another.",
        severity=None if edition_wide else WARN,
    )


def footnote_figure(edition: Edition) -> Iterator[Finding]:
    """Compares a figure that a footnote states for a mission with the mission's cells in annex 2.

    A ceiling against the frame, persons sent against the persons sent, and "at most so many units at once"
    times the size of a unit against the frame. The mission is the one that the note names, or whose row
    marks it. What a unit consists of may vary in practice; then the product proves little.
    """
    for group in _groups(edition, "footnotes", (CEILING, CEILING_FIGURE)):
        yield from _against_frame(edition, group)
    for group in _groups(edition, "footnotes", (IN_PERIOD,)):
        yield from _against_deployed(edition, group)
    for statement in edition.prose.statements:
        in_note = statement.sentence.passage.table_name == "footnotes"
        if in_note and statement.pattern == UNIT and statement.exact:
            yield from _units(edition, statement)


def _units(edition: Edition, size: Statement) -> Iterator[Finding]:
    row = edition.staffed.get(str(size.mission_id))
    frame = None if row is None else row["frame_military"]
    if frame is None:
        return
    for sentence in (s for s in edition.sentences if s.passage is size.sentence.passage):
        at_once = _AT_ONCE.search(sentence.text)
        count = None if at_once is None else number(at_once["number"])
        if at_once is None or count is None or count * size.low == frame:
            continue
        if any(name.mission_id == size.mission_id for name in edition.names.find(at_once["name"])):
            yield Finding(
                size.mission_id,
                words(sentence, str(count * size.low), "frame_military", *at_once.span()),
                edition.cell("personnel", str(size.mission_id), "frame_military"),
                f"{count} units at once of {size.low} each make {count * size.low}, but the frame "
                f"is printed as {frame}.",
                (stated(size).line or 0,),
                severity=WARN,
            )


def frame_narrative(edition: Edition) -> Iterator[Finding]:
    """Compares the national frame that a mission's section states with the frame in annex 2.

    Military and civil/police are compared apart where the text tells them apart, else together. A number
    per rotation or at one moment must not exceed the frame; one below it does not contradict it, since a
    frame is a ceiling. A frame that changed within the period cannot be told from an error.
    """
    for group in _groups(edition, "sections", (CEILING, CEILING_FIGURE)):
        yield from _against_frame(edition, group)
    yield from _exceeded(edition, "frame", FRAME, "the frame in annex 2 is {}")


def deployed_narrative(edition: Edition) -> Iterator[Finding]:
    """Compares persons that a mission's section counts over the reporting period with annex 2.

    Annex 2 counts every rotation; a number per rotation or at one moment is not compared with it, except
    that it cannot exceed it. Counts of different functions may add up over several sentences. Where annex 2
    has more than the text, and the text names functions rather than persons sent, rotations may be the
    reason: info.
    """
    groups = list(_groups(edition, "sections", (IN_PERIOD,)))
    for group in groups:
        for finding in _against_deployed(edition, group):
            if not _adds_up(finding, groups):
                yield finding
    yield from _exceeded(edition, "deployed", DEPLOYED, "annex 2 counts {} over the whole period")


def _exceeded(edition: Edition, quantity: str, columns: tuple[str, str], but: str) -> Iterator[Finding]:
    """Numbers per rotation or at one moment that are above the figure of annex 2."""
    for group in _groups(edition, "sections", None, "rotation"):
        row = edition.staffed[str(group[0].mission_id)]
        for kind, shown, low in _sums(group):
            figure = _of_kind(row, columns, kind)
            if figure is not None and low > figure:
                yield Finding(
                    group[0].mission_id,
                    _counted(group, shown),
                    _figure_side(edition, group[0], quantity, kind, figure),
                    f"The text counts {shown} at one time, but {but.format(figure)}.",
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
            (frame_column, column, row[frame_column], row[column] or 0)
            for frame_column, column in zip(FRAME, DEPLOYED, strict=True)
        ]
        given = [(column, frame, sent) for _, column, frame, sent in pairs if frame is not None]
        lower = [(column, frame, sent) for column, frame, sent in given if sent < frame]
        whole_frame, whole_sent = summed(row, FRAME), summed(row, DEPLOYED)
        if not lower and (whole_frame is None or (whole_sent or 0) > whole_frame):
            continue
        column, frame, sent = (lower or given)[0]
        yield Finding(
            mission,
            side,
            edition.cell("personnel", mission, column, sent),
            f"The text says that more were sent than the frames hold, but {row['mission_as_printed']} "
            f"has {sent} sent for a frame of {frame} ({column}).",
        )


def _groups(
    edition: Edition, table: str, patterns: tuple[str, ...] | None, quantity: str = ""
) -> Iterator[Group]:
    """Statements of one sentence and mission together, of missions that have a row in annex 2."""
    found: dict[tuple[int, str], Group] = {}
    for s in edition.prose.statements:
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
    return row[columns[0] if kind == MILITARY else columns[1]] or 0


def _against_frame(edition: Edition, group: Group) -> Iterator[Finding]:
    row = edition.staffed[str(group[0].mission_id)]
    for kind, shown, low in _sums(group):
        frame = _of_kind(row, FRAME, kind)
        if frame is None or _holds(group, low, _highest(group, kind), frame):
            continue
        yield Finding(
            group[0].mission_id,
            _counted(group, shown if "-" in shown else str(low)),
            _figure_side(edition, group[0], "frame", kind, frame),
            f"The text gives a national frame of {shown} ({kind}), but annex 2 prints {frame}.",
            _lines(group),
        )


def _against_deployed(edition: Edition, group: Group) -> Iterator[Finding]:
    row = edition.staffed[str(group[0].mission_id)]
    for kind, shown, low in _sums(group):
        sent = _of_kind(row, DEPLOYED, kind)
        printed = row["deployed_total"] if kind == EITHER else sent
        high = _highest(group, kind)
        if sent is None or _holds(group, low, high, sent) or low == printed:
            continue
        counted = [s for s in group if kind in (EITHER, s.kind)]
        as_persons = all(_GENERIC.search(s.noun) for s in counted) and _SENT.search(counted[0].sentence.text)
        odd = high < sent and kind != CIVIL and not as_persons
        before = next(filter(None, (_BEFORE.search(s.sentence.text) for s in counted)), None)
        span = (
            f"“{before[0]}”, which may not be the reporting period" if before else "in the reporting period"
        )
        yield Finding(
            group[0].mission_id,
            _counted(counted, shown if "-" in shown else str(low)),
            _figure_side(edition, group[0], "deployed", kind, sent),
            f"The text counts {shown} ({kind}) {span}, but annex 2 has {sent} sent."
            + (" Several rotations may explain it." if odd else ""),
            _lines(group),
            severity=INFO if odd else WARN,
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
    of_mission = [s for group in groups for s in group if s.mission_id == finding.mission_id]
    lows = [s.low for s in of_mission if kind in (EITHER, s.kind)]
    return len(lows) > 1 and str(sum(lows)) == (side and side.value)


def _counted(group: Group, value: str) -> Side:
    """The words from the first count to the last."""
    first, last = group[0], group[-1]
    side = words(first.sentence, value, first.quantity, first.start, last.end)
    return side if len(group) > 1 else replace(stated(first), value=value)


def _figure_side(edition: Edition, statement: Statement, quantity: str, kind: str, value: int) -> Side:
    """The cell that a count is compared with; for two together the first one."""
    mission = str(statement.mission_id)
    if kind == EITHER and quantity == "frame":
        cell = edition.cell("personnel", mission, "frame_military", value)
        parts = [edition.cell("personnel", mission, column).text for column in FRAME]
        return replace(cell, column_name="frame_total", text=" ".join(filter(None, parts)))
    return edition.cell("personnel", mission, f"{quantity}_{kind}", value)


def _lines(group: Group) -> tuple[int, ...]:
    return tuple(line for s in group if (line := stated(s).line) is not None)
