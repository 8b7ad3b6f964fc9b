"""What a cell of figures says, by a grammar of its own: numbers, nothing, or words that limit a number.

A figure is a whole number with or without dots or single spaces for thousands (`1790`, `1.790`, `1 790`),
or a sum of such numbers in one cell (`3 + 2`). Nothing with a leading zero, a comma, a sign or other digits
than 0 to 9 is a figure. A dash or `n.v.t.` means an empty cell. Digits glued to a figure may mark a footnote.

A value is given only where it is certain; else there are bounds, as far as the words give them, and in any
case a qualifier. What the grammar does not know is not understood, never guessed: two numbers beside each
other, a range that does not rise, a sign of its own.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from schemas.number_words import spelt

RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_PLAIN = str.maketrans(RAISED, "0123456789")
_RAISED = re.compile(rf"(.*[^{RAISED}])([{RAISED}]{{1,3}})")
_EMPTY = re.compile(r"[-‐‑‒–—―−·]+|n\.?v\.?t\.?", re.IGNORECASE)
SPACES = " \u00a0\u2007\u2009\u200a\u202f"  # one of them may part thousands
_WHOLE = rf"(?:0|[1-9][0-9]{{0,2}}(?:[.{SPACES}][0-9]{{3}}){{1,2}}|[1-9][0-9]{{0,8}})"
_PARTING = re.compile(f"[.{SPACES}]")
_NUMBER = re.compile(_WHOLE)
_SUM = re.compile(rf"{_WHOLE}(?:\s*\+\s*{_WHOLE})*")


def whole(text: str) -> int | None:
    """The number that `text` prints (below a thousand million), or None where it prints none."""
    return int(_PARTING.sub("", text)) if _NUMBER.fullmatch(text) else None


def addends(text: str) -> tuple[int, ...] | None:
    """The numbers that `text` adds up, in order; one for a plain figure; None where it is not a figure."""
    if not _SUM.fullmatch(text):
        return None
    return tuple(int(_PARTING.sub("", part)) for part in re.split(r"\s*\+\s*", text))


def is_tight(text: str) -> bool:
    """Whether a sum is printed as `12+2`: twelve and two others, as well as fourteen."""
    return bool(_SUM.fullmatch(text)) and bool(re.search(r"\S\+|\+\S", text))


def empty(text: str) -> bool:
    """Whether `text` says that a cell is empty: a dash, or `n.v.t.`."""
    return _EMPTY.fullmatch(text) is not None


def number(digits: str) -> int:
    """The number of a note, whose digits may be raised."""
    return int(digits.translate(_PLAIN))


def marked(text: str, notes: Collection[int]) -> list[tuple[str, int]]:
    """The ways to take the number of one of `notes` off the end of `text`: what is left, and the number.

    Raised digits are a number of a note, and nothing else.
    """
    if raised := _RAISED.fullmatch(text):
        return [(raised[1], number(raised[2]))] if number(raised[2]) in notes else []
    if not text[-1:].isdecimal():
        return []
    return [
        (body, note) for note in notes if (body := text.removesuffix(str(note))) and len(body) < len(text)
    ]


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
_HYPHEN = re.compile(r"(?<=[^\W\d_])[-‐](?=[^\W\d_])")
_YEARS = range(1945, 2150)
_PLAIN_SPACES = str.maketrans(dict.fromkeys(SPACES, " "))


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


def read_figure(text: str, *, ceiling: bool = False) -> PrintedFigure | None:
    """What the words of a cell say; None where they are not understood.

    `ceiling` says that the column holds what is allowed at most, as a frame does: there `max. 7` is 7.
    """
    if parts := addends(text):
        return PrintedFigure(parts)
    if empty(text):
        return PrintedFigure()
    plain = text.translate(_PLAIN_SPACES).casefold()
    if (value := _number(plain)) is not None:
        return PrintedFigure((value,))
    if _NONE.fullmatch(plain):
        return PrintedFigure((0,), "none")
    if word := _WORD.fullmatch(plain):
        return PrintedFigure(qualifier=_name(word))
    return _limited(plain, ceiling) or _between(plain) or _fraction(plain) or _with_parts(plain)


def spelled(text: str) -> str:
    """The words of a cell; without hyphens of line ends, or breaks, where only so they say something."""
    if read_figure(text) is None:
        whole = "".join(text.split())  # a narrow column may break a word: `gerubriceer` above `d`
        for joined in (_HYPHEN.sub("", text), *([whole] if whole.isalpha() else [])):
            if read_figure(joined) is not None:
                return joined
    return text


def looks_like(word: str) -> bool:
    """Whether a word is printed where a figure is: it has a digit, is understood, or limits what follows."""
    return (
        any(sign.isdigit() for sign in word) or read_figure(word) is not None or bool(_FIRST.fullmatch(word))
    )


def _number(text: str) -> int | None:
    """A number in figures or in one word, where `een` is not an article."""
    value = whole(text)
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
