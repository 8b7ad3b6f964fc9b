"""Dated beginnings, ends, extensions and changes that the running text prints, with its reason.

An event is read where a verb, what it is about (the Dutch contribution, the mission, its mandate, the
national frame) and a date are in one sentence. The date of a letter or of a council is not the event's.
"""

import datetime
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from pipelines.reconcile.passages import Names, Sentence
from pipelines.reconcile.statements import Period
from pipelines.reconcile.text import Dated, find_dates, phrase

BEGUN, ENDED, CHANGED = "contribution begun", "contribution ended", "contribution changed"
MISSION_BEGUN, MISSION_ENDED, END_DECIDED = "mission begun", "mission ended", "mission end decided"
EXTENDED, MANDATE_ENDS, FRAME_ENDS = "mandate extended", "mandate ends", "national frame ends"
STOP_DECIDED = "contribution end decided"
_OF_CONTRIBUTION = (ENDED, STOP_DECIDED)
_ENDINGS = (ENDED, STOP_DECIDED, MISSION_ENDED, END_DECIDED)

_CONTRIBUTION, _UNTIL, _PAST = map(phrase, ("contribution_stopped", "contributed_until", "past_contribution"))
_MISSION_STOP, _DECIDED, _WITH_EFFECT = map(phrase, ("mission_stopped", "decided", "with_effect_before"))
_NOT_EXTENDED, _TO_END, _NEGATED = map(phrase, ("not_extended", "to_end", "negated"))
_OWN, _OURS, _THEIRS = map(phrase, ("own", "ours", "theirs"))
_NOTED, _AFTERWARDS, _LASTED = map(phrase, ("noted_end", "afterwards", "lasted_until"))
_BEGIN, _SINCE, _CHANGE, _OF_OURS = map(phrase, ("begins", "contributes_since", "changes", "of_ours"))
_MANDATE, _EXTENSION, _EXPIRES, _FRAME = map(phrase, ("mandate", "extension", "expires", "frame_named"))
_NOT_YET, _TO, _ON = map(phrase, ("not_yet", "until_before", "on_before"))
_REASON, _HENCE, _CLAUSE = map(phrase, ("reason", "hence", "cause_before"))
_DESCRIBED, _GENERIC, _SUBJECT = map(phrase, ("mission_described", "of_any_mission", "subject_before"))
_UNKNOWN, _BARE = phrase("mission_unknown"), phrase("mission_bare")
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class Words:
    """Words of a sentence, from `start` up to `end`."""

    sentence: Sentence
    start: int
    end: int

    @property
    def text(self) -> str:
        return self.sentence.text[self.start : self.end].strip(" .")


@dataclass(frozen=True)
class Event:
    """An event of a mission on a printed date; `reason` has the words that give it."""

    mission_id: str
    event: str
    date: Dated
    sentence: Sentence
    reason: Words | None


def read(sentences: Sequence[Sentence], names: Names, period: Period = (None, None)) -> list[Event]:
    """The events that the sentences print, at most one of a kind and date in each."""
    found: list[Event] = []
    by_passage = {one: [*all_of] for one, all_of in groupby(sentences, lambda each: id(each.passage))}
    for sentence in sentences:
        text = sentence.text
        printed = [date for date in find_dates(text) if not date.attributive]
        if not printed:
            continue
        reason = _REASON.search(text)
        for event, date, position in _events(sentence, printed, period[1]):
            mission = names.of(sentence, position)
            if mission is None and event in _ENDINGS and not names.find(text):
                mission = sentence.passage.marked_by
            if mission is not None and not _of_another(sentence, names, event):
                own = reason and date.as_printed not in reason[0]
                words = Words(sentence, reason.start(), reason.end()) if reason and own else None
                if words is None and event in _ENDINGS and sentence.passage.mission_ids == (mission,):
                    words = _cause(event, sentence, by_passage[id(sentence.passage)], names, mission)
                found.append(Event(mission, event, date, sentence, words))
    return found


def _cause(
    event: str, dated: Sentence, passage: Sequence[Sentence], names: Names, mission: str
) -> Words | None:
    """Why it ended, by a sentence of the mission's own section: the dated one, or another without a date.

    What such a sentence concludes from ("en heeft daarom besloten …") stands in it, or in the one before.
    """
    for before, sentence in pairwise([None, *passage]):
        assert sentence is not None  # only the first is
        text, own = sentence.text, sentence is dated
        stop = (_CONTRIBUTION if event in _OF_CONTRIBUTION else _MISSION_STOP).search(text)
        if stop is None or _negated(text, stop.end()) or not _is_of(sentence, names, mission):
            continue
        if not own and (any(find_dates(text)) or _of_another(sentence, names, event)):
            continue
        if reason := None if own else _REASON.search(text):
            return Words(sentence, reason.start(), reason.end())
        if (hence := _HENCE.search(text)) is None:
            continue
        said = _CLAUSE.match(text[: hence.start()])
        if said:
            return Words(sentence, 0, said.end("cause"))
        if before is not None and _is_of(before, names, mission):
            return Words(before, 0, len(before.text))
    return None


def _is_of(sentence: Sentence, names: Names, mission: str) -> bool:
    """Whether a sentence of the mission's section names no other."""
    return {name.mission_id for name in names.find(sentence.text)} <= {mission}


def _of_another(sentence: Sentence, names: Names, event: str) -> bool:
    """Whether the sentence is about a mission that the registry does not know by what it calls it here.

    Words that the headings above it have describe the section's own. Beside a name, only the subject counts.
    """
    text, found = sentence.text, names.find(sentence.text)
    known = {word for heading in sentence.passage.headings for word in _WORD.findall(heading.casefold())}
    for one in _DESCRIBED.finditer(text):
        own = " ".join(filter(None, (one["words"], one["kind"], one["where"]))).casefold()
        named = any(
            one.start() <= name.start <= one.end() + len(" (de ") or 0 <= one.start() - name.end <= 2
            for name in found
        )
        ours = known.issuperset(_WORD.findall(_GENERIC.sub(" ", own))) or named
        if not ours and (not found or _SUBJECT.search(text[: one.start()])):
            return True
    if found:
        return False
    unknown = any(one["name"].casefold() not in known for one in _UNKNOWN.finditer(text))
    unnamed = event == MISSION_ENDED and not sentence.passage.marked_by and not _BARE.search(text)
    return unknown or unnamed


def _events(
    sentence: Sentence, printed: Sequence[Dated], until: datetime.date | None
) -> Iterator[tuple[str, Dated, int]]:
    """Event, its date, and the position that says which mission is meant.

    A remark that is a last day alone is that of the contribution `until` the period's end; a later one may be
    a frame's.
    """
    text = sentence.text
    remark = sentence.passage.table_name == "personnel" and _LASTED.match(text[: printed[0].start])
    if remark and not text[printed[0].end :].strip(" .") and until and printed[0].high <= until:
        yield ENDED, printed[0], printed[0].end
        return
    mandate, frame = _MANDATE.search(text), _FRAME.search(text)
    if frame:
        date = _dated(text, printed, _TO, _ON)
        if date and (_EXPIRES.search(text) or _EXTENSION.search(text)) and not _NOT_YET.search(text):
            yield FRAME_ENDS, date, frame.end()
    elif mandate and _EXTENSION.search(text):
        date = _dated(text, printed, _TO)
        if date and not _NOT_YET.search(text[: date.start].rsplit(",", maxsplit=1)[-1]):
            yield EXTENDED, date, mandate.end()
    elif mandate and _EXPIRES.search(text):
        date = _dated(text, printed, _TO, _ON)
        if date:
            yield MANDATE_ENDS, date, mandate.end()
    noted = _NOTED.match(text) if sentence.passage.marked_by else None
    if noted and not _negated(text, noted.end()):
        yield MISSION_ENDED if noted["mission"] else ENDED, _nearest(printed, noted.end()), noted.end()
        return
    yield from _endings(text, printed)
    yield from _beginnings(text, printed)


def _dated(text: str, printed: Sequence[Dated], *before: re.Pattern[str]) -> Dated | None:
    """The first date that the words before it announce, the patterns tried in turn."""
    for pattern in before:
        for date in printed:
            if pattern.search(text[: date.start]):
                return date
    return None


def _endings(text: str, printed: Sequence[Dated]) -> Iterator[tuple[str, Dated, int]]:
    stop = _NOT_EXTENDED.search(text)
    if stop:
        ours = _OURS.search(text[: stop.end()]) or (
            _OWN.search(text[: stop.end()]) and not _THEIRS.search(text[: stop.end()])
        )
        with_effect = _dated(text, printed, _WITH_EFFECT)
        decided, ended = (STOP_DECIDED, ENDED) if ours else (END_DECIDED, MISSION_ENDED)
        yield ended if with_effect else decided, with_effect or _nearest(printed, stop.start()), stop.end()
        return
    stop = _CONTRIBUTION.search(text)
    if stop and not _negated(text, stop.end()):
        date = _nearest(printed, stop.end())
        yield STOP_DECIDED if _only_decided(text, stop, date) else ENDED, date, stop.end()
        return
    for date in printed:
        if _UNTIL.search(text[: date.start]) and _PAST.search(text):
            yield ENDED, date, date.end
            return
    stop = _MISSION_STOP.search(text)
    if stop and not _negated(text, stop.end()) and not re.search(r"\bniet\b", stop[0]):
        date = _nearest(printed, stop.end())
        only = _only_decided(text, stop, date)
        only = only or bool(date.end <= stop.end() and _AFTERWARDS.search(text[: date.start]))
        yield END_DECIDED if only else MISSION_ENDED, date, stop.end()


def _only_decided(text: str, stop: re.Match[str], date: Dated) -> bool:
    """Whether the date is that of the decision to end, and not of the end."""
    decided = _DECIDED.search(text) and _TO_END.search(text[: stop.end()])
    return bool(decided) and not _WITH_EFFECT.search(text[: date.start])


def _beginnings(text: str, printed: Sequence[Dated]) -> Iterator[tuple[str, Dated, int]]:
    for date in printed:
        if _SINCE.search(text[: date.start]):
            yield BEGUN, date, date.end
            return
    begin, change = _BEGIN.search(text), _CHANGE.search(text)
    if begin and re.search(r"missie|operatie|\b[A-Z]{3,}", text):
        date = _nearest(printed, begin.start())
        yield MISSION_BEGUN, date, begin.end()
    elif change and _OF_OURS.search(text):
        yield CHANGED, _nearest(printed, change.start()), change.end()


def _nearest(printed: Sequence[Dated], position: int) -> Dated:
    return min(
        printed, key=lambda date: (min(abs(date.start - position), abs(date.end - position)), date.start)
    )


def _negated(text: str, position: int) -> bool:
    """Whether what ends at the position is denied or only considered."""
    before = text[max(0, position - 40) : position]
    return _NEGATED.search(before) is not None
