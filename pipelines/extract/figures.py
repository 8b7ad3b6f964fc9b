"""What a cell of figures says: a number, nothing, or words that limit a number; by a grammar of its own.

A value is given only where it is certain; else there are bounds, as far as the words give them, and in any
case a qualifier. What the grammar does not know is not understood, never guessed: two numbers beside each
other, a range that does not rise, a sign of its own. Plain numbers are the business of `numerals`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pipelines.extract import numerals
from schemas.number_words import spelt

_OPENINGS = {
    "at most": r"max(?:\.|imaal|imum)?|ten hoogste|hoogstens|≤|<=",
    "less than": r"<|minder dan",
    "at least": r"min(?:\.|imaal|imum)|ten ?minste|minstens|≥|>=",
    "more than": r">|meer dan",
    "about": r"±|\+/[-−–]|ca\.?|circa|ongeveer|plm\.?|ruim|bijna|~|≈",
}
_OPENING = "|".join(f"(?P<{name.replace(' ', '_')}>{words})" for name, words in _OPENINGS.items())
_FIRST = re.compile(_OPENING, re.IGNORECASE)
_LIMITED = re.compile(rf"(?:{_OPENING}) ?(?P<number>[\d. ]+|[a-zéë]+)")
_LIMITED_BEHIND = re.compile(rf"(?P<number>[\d. ]*\d|[a-zéë]+) ?\((?:{_OPENING})\)")
_RANGE = re.compile(
    r"(?P<low>[\d. ]*\d|[a-zéë]+)(?: ?[-‐‑–] ?| (?:à|a|tot|tot en met|t/m|of) )(?P<high>\d[\d. ]*|[a-zéë]+)"
)
_FRACTION = re.compile(
    r"(?P<whole>0|[1-9][0-9]?),(?P<tenths>[0-9]|[257][05])|(?P<before>[1-9][0-9]?)? ?[½¼¾]"
)
_OF_WHICH = re.compile(
    r"(?P<number>[\d. ]*\d|[a-zéë]+)(?:,? (?P<opening>waarvan|w\.v\.) (?P<open>.+)| ?\((?P<parts>.+)\))"
)
_PART = re.compile(
    r"(?:(?:waarvan|w\.v\.|incl\.|inclusief) )?(?P<number>\d+|[a-zéë]+) [a-zéë][a-zéë.'’/-]*(?: [a-zéë.]+)?"
)
_OTHER_COUNT = re.compile(  # what a number in brackets may count that is not a part of the one before it
    r"excl|plus|max|min\b|min\.|gepland|kader|vorig|eerder|rotati|dag|week|weken|maand|jaar|jaren|keer|maal|x\b|per\b"
    r"|transport|inzet|schip|schepen|vliegtuig|mei|juni|juli|januari|februari|maart|april|augustus|september"
    r"|oktober|november|december"
)
_WORDS = {
    "to be decided": r"n\.?t\.?b\.?|nader te bepalen|nog te bepalen|p\.?m\.?",
    "as needed": r"naar behoefte|op afroep|indien nodig",
    "classified": r"gerubriceerd|vertrouwelijk|geheim",
    "unknown": r"onbekend|niet bekend|nog niet bekend",
}
_WORD = re.compile("|".join(f"(?P<{name.replace(' ', '_')}>{words})" for name, words in _WORDS.items()))
_NONE = re.compile(r"geen|nihil")
_YEARS = range(1945, 2150)
_PLAIN_SPACES = str.maketrans(dict.fromkeys(numerals.SPACES, " "))


@dataclass(frozen=True)
class PrintedFigure:
    """What a cell says, in persons.

    `parts` are the numbers that it adds up: one for a plain figure, none where no value is certain. Without
    parts and `qualifier` the cell says that it is empty. `low` and `high` bound a value that is not certain,
    as far as the words do.
    """

    parts: tuple[int, ...] = ()
    qualifier: str | None = None
    low: int | None = None
    high: int | None = None


def read(text: str, *, ceiling: bool = False) -> PrintedFigure | None:
    """What the words of a cell say; None where they are not understood.

    `ceiling` says that the column holds what is allowed at most, as a frame does: there `max. 7` is 7.
    """
    if parts := numerals.addends(text):
        return PrintedFigure(parts)
    if numerals.empty(text):
        return PrintedFigure()
    plain = text.translate(_PLAIN_SPACES).casefold()
    if (value := _number(plain)) is not None:
        return PrintedFigure((value,))
    if _NONE.fullmatch(plain):
        return PrintedFigure((0,), "none")
    if word := _WORD.fullmatch(plain):
        return PrintedFigure(qualifier=_name(word))
    return _limited(plain, ceiling) or _between(plain) or _fraction(plain) or _with_parts(plain)


def looks_like(word: str) -> bool:
    """Whether a word is printed where a figure is: it has a digit, is understood, or limits what follows."""
    return any(sign.isdigit() for sign in word) or read(word) is not None or bool(_FIRST.fullmatch(word))


def _number(text: str) -> int | None:
    """A number in figures or in one word, where `een` is not an article."""
    value = numerals.whole(text)
    return value if value is not None else spelt("één" if text == "een" else text)


def _name(match: re.Match[str]) -> str:
    """The name of the group that matched, of the qualifiers above."""
    names = (name for name, words in match.groupdict().items() if words is not None and name != "number")
    return next(names).replace("_", " ")


def _limited(text: str, ceiling: bool) -> PrintedFigure | None:
    """`max. 7`, `± 12`, `<5`, `7 (max.)`."""
    match = _LIMITED.fullmatch(text) or _LIMITED_BEHIND.fullmatch(text)
    value = _number(match["number"]) if match else None
    if match is None or value is None:
        return None
    qualifier = _name(match)
    if qualifier == "at most":
        return PrintedFigure((value,), qualifier) if ceiling else PrintedFigure((), qualifier, 0, value)
    if qualifier == "less than":
        return PrintedFigure((), qualifier, 0, value - 1) if value > 1 else None
    if qualifier == "about":
        return PrintedFigure((), qualifier)
    return PrintedFigure((), qualifier, value + (qualifier == "more than"))


def _between(text: str) -> PrintedFigure | None:
    """`2-4`, `2 à 4`; not two years, and nothing that does not rise."""
    match = _RANGE.fullmatch(text)
    low, high = (_number(match[end]) for end in ("low", "high")) if match else (None, None)
    if low is None or high is None or low >= high or (low in _YEARS and high in _YEARS):
        return None
    return PrintedFigure((), "range", low, high)


def _fraction(text: str) -> PrintedFigure | None:
    """`0,5`, `1½`: somebody works part of the time, so the persons are the whole number below or above."""
    match = _FRACTION.fullmatch(text)
    if match is None or (match["tenths"] and not int(match["tenths"])):
        return None
    low = int(match["whole"] or match["before"] or 0)
    return PrintedFigure((), "part-time", low, low + 1)


def _with_parts(text: str) -> PrintedFigure | None:
    """`10 (4 pol.)`, `10 (waarvan 4 vrouwen)`: the whole, where the parts are no more than it."""
    match = _OF_WHICH.fullmatch(text)
    whole = _number(match["number"]) if match else None
    if match is None or whole is None or _OTHER_COUNT.search(match["open"] or match["parts"]):
        return None
    parts = [_PART.fullmatch(part) for part in re.split(r", | en ", match["open"] or match["parts"])]
    counts = [_number(part["number"]) for part in parts if part]
    given = [count for count in counts if count is not None]
    if len(given) < len(parts) or sum(given) > whole:
        return None
    return PrintedFigure((whole,), "of which")
