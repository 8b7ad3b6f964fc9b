"""Dutch number words and figures in prose, by a grammar of its own.

Reads één … negenhonderdnegenennegentig duizend, joined or apart, `1.790` and `3483`. What only looks like a
number is none: ordinals, decimals, percentages, years' worth of digits behind a letter, and words that
merely hold a number word (vijftal, top-vijf, twee-statenoplossing, eenmaal). The bare article "een" is none
either; `ARTICLE` lets a reader who sees it counted beside other numbers take it as one.
"""

from __future__ import annotations

import re

_UNITS = {
    "één": 1,
    "twee": 2,
    "drie": 3,
    "vier": 4,
    "vijf": 5,
    "zes": 6,
    "zeven": 7,
    "acht": 8,
    "negen": 9,
}
_TEENS = {
    "tien": 10,
    "elf": 11,
    "twaalf": 12,
    "dertien": 13,
    "veertien": 14,
    "vijftien": 15,
    "zestien": 16,
    "zeventien": 17,
    "achttien": 18,
    "negentien": 19,
}
_TENS = {
    "twintig": 20,
    "dertig": 30,
    "veertig": 40,
    "vijftig": 50,
    "zestig": 60,
    "zeventig": 70,
    "tachtig": 80,
    "negentig": 90,
}
ARTICLE = "een"
_LARGEST = 999_999


def _below_hundred() -> dict[str, int]:
    """Every number word from één to negenennegentig."""
    words = _UNITS | _TEENS | _TENS
    for ten, value in _TENS.items():
        for unit, ones in _UNITS.items():
            plain = unit.replace("é", "e")
            words[f"{plain}{'ën' if plain.endswith('e') else 'en'}{ten}"] = value + ones
            words[f"{plain}en{ten}"] = value + ones
    return words


_SMALL = _below_hundred()
_DIGITS = re.compile(r"(?:0|[1-9]\d{0,2}(?:\.\d{3})+|[1-9]\d{0,5})")
_THOUSAND = "duizend"
_HUNDRED = "honderd"


def value(word: str) -> int | None:
    """The whole number that a word or figure stands for, or None.

    `een` without accents is the article and gives None, but counts within a compound (eenentwintig).
    """
    text = word.lower()
    if text[:1].isdecimal():
        return int(text.replace(".", "")) if _DIGITS.fullmatch(text) else None
    if text == ARTICLE:
        return None
    found = _spelt(text)
    return found if found is not None and 0 < found <= _LARGEST else None


def _spelt(text: str) -> int | None:
    """The value of a number word without spaces; the parts before and behind duizend and honderd."""
    if text in _SMALL:
        return _SMALL[text]
    for stem, size in ((_THOUSAND, 1000), (_HUNDRED, 100)):
        before, found, behind = text.partition(stem)
        if not found:
            continue
        times = _spelt(before) if before else 1
        rest = _spelt(behind.removeprefix("en")) if behind else 0
        if times is None or rest is None or rest >= size:
            return None
        return times * size + rest
    return None


_OFTEN = "|".join(sorted([*_UNITS, *_TEENS, *_TENS], key=len, reverse=True))
WORD = (
    r"(?<![\w.,-])(?:[1-9]\d{0,2}(?:\.\d{3})+|0|[1-9]\d{0,5}|"
    rf"(?:[a-zéë]*(?:{_THOUSAND}|{_HUNDRED})[a-zéë]*|[a-zé]+[eë]n(?:twintig|[a-z]+tig)|{_OFTEN}))"
    r"(?![\w-]|[.,]\d|\s?%)"
)
# Cheap to ask: every number word holds one of these, so a text without any needs no closer look.
ANY = re.compile(
    rf"\d|één|elf|{_HUNDRED}|{_THOUSAND}|tien|twaalf|tig\b|twee|drie|vier|vijf|zes|zeven|acht|negen",
    re.IGNORECASE,
)
# A candidate: every match must still be given to `value`, which may refuse it.
CANDIDATE = re.compile(WORD, re.IGNORECASE)
