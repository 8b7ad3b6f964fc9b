"""Which mission a sentence speaks of: names in it first, then its section; of several none is guessed."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pipelines.reconcile.passages import Sentence
from schemas.registry import Registry, comparable

_TARGET = re.compile(
    r"\b(?:aan|bij|in|voor|binnen|naar|op|onder)\s(?:de\s|het\s)?(?:[\w-]+\s){0,2}$", re.IGNORECASE
)
_BRACKETS = re.compile(r"\s*\([^)]*\)")


@dataclass(frozen=True)
class Name:
    """A mission named in a sentence, from `start` up to `end`."""

    mission_id: str
    start: int
    end: int


class Names:
    """The names of the registry as running text uses them.

    Besides the printed spellings: the full name, a spelling without what stands in brackets, the part of a
    spelling behind `/`, and for "Operatie X" or "EUNAVFOR X" the X alone where no other mission has it.
    """

    def __init__(self, registry: Registry) -> None:
        owners: dict[str, set[str]] = {}
        for mission in registry.missions:
            spellings = [mission.name, *mission.spellings, *filter(None, [mission.full_name])]
            for spelling in spellings:
                for form in _forms(spelling):
                    owners.setdefault(form, set()).add(mission.id)
        self._owner = {form: next(iter(ids)) for form, ids in owners.items() if len(ids) == 1}
        ordered = sorted(self._owner, key=len, reverse=True)
        self._pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, ordered))})(?:[’']s|s)?(?![^\W\d_])")

    def find(self, text: str) -> list[Name]:
        """The missions that a text names, in order; of two that overlap the longer counts."""
        plain = comparable(text)
        if len(plain) != len(text):  # places would not fit
            plain = text.casefold()
        return [
            Name(self._owner[re.sub(r"(?:[’']s|s)$", "", match[0])], match.start(), match.end())
            if match[0] not in self._owner
            else Name(self._owner[match[0]], match.start(), match.end())
            for match in self._pattern.finditer(plain)
        ]

    def of(self, sentence: Sentence, position: int, span: tuple[int, int] | None = None) -> str | None:
        """The mission that something at `position` of a sentence is about, or None.

        One name in the sentence: that mission. Several: the only one within `span` that a preposition ties
        to what stands at the position ("aan X"); without any, the section's, if it is one of them. No name:
        the section's only mission.
        """
        own = sentence.passage.mission_ids
        found = self.find(sentence.text)
        named = {name.mission_id for name in found}
        if len(named) == 1:
            return found[0].mission_id
        if not named:
            return own[0] if len(own) == 1 else None
        start, stop = span or (position, len(sentence.text))
        tied = {
            name.mission_id
            for name in found
            if start <= name.start < stop and _TARGET.search(sentence.text[start : name.start])
        }
        if span is None and tied:
            return next(name.mission_id for name in found if name.start >= position)
        if tied:
            return tied.pop() if len(tied) == 1 else None
        return own[0] if len(own) == 1 and own[0] in named else None


def _forms(spelling: str) -> set[str]:
    plain = comparable(spelling)
    bare = _BRACKETS.sub("", plain).strip()
    forms = {plain, bare}
    for prefix in ("operatie ", "eunavfor ", "eu naval force "):
        if bare.startswith(prefix):
            forms.add(bare.removeprefix(prefix))
    if "/" in bare:
        forms.update(part.strip() for part in bare.split("/"))
    inside = re.search(r"\((\w{3,})\)", plain)
    if inside and inside[1].isascii() and bare:
        acronym = re.search(r"\(([A-Z]{3,})\)", spelling)
        if acronym:
            forms.add(acronym[1].casefold())
    return {form for form in forms if len(form) > 2}
