"""Dutch words for whole numbers: één … negenhonderdnegenennegentig duizend, joined."""

from itertools import count


def _values(words: str, first: int, step: int = 1) -> dict[str, int]:
    return dict(zip(words.split(), count(first, step), strict=False))


_UNITS = _values("één twee drie vier vijf zes zeven acht negen", 1)
_TEENS = _values("tien elf twaalf dertien veertien vijftien zestien zeventien achttien negentien", 10)
_TENS = _values("twintig dertig veertig vijftig zestig zeventig tachtig negentig", 20, 10)
SIMPLE = _UNITS | _TEENS | _TENS  # words of one part
HUNDRED, THOUSAND = "honderd", "duizend"
_LARGEST = 999_999


def _below_hundred() -> dict[str, int]:
    words = dict(SIMPLE)
    for ten, tens in _TENS.items():
        for unit, ones in _UNITS.items():
            plain = unit.replace("é", "e")
            words[f"{plain}{'ën' if plain.endswith('e') else 'en'}{ten}"] = tens + ones
            words[f"{plain}en{ten}"] = tens + ones
    return words


_SMALL = _below_hundred()


def spelt(word: str) -> int | None:
    """The number that a lower-case word without spaces means, or None; `een`, the article, means none."""
    value = _spelt(word)
    return value if value is not None and 0 < value <= _LARGEST else None


def _spelt(word: str) -> int | None:
    """The value of the parts before and behind duizend and honderd."""
    if word in _SMALL:
        return _SMALL[word]
    for stem, size in ((THOUSAND, 1000), (HUNDRED, 100)):
        before, found, behind = word.partition(stem)
        if not found:
            continue
        times = _spelt(before) if before else 1
        rest = _spelt(behind.removeprefix("en")) if behind else 0
        if times is None or rest is None or rest >= size:
            return None
        return times * size + rest
    return None
