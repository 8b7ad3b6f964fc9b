"""What a row of annex 2 can be by its words: a mission, a region, a sum, a part of another row, or text.

Words alone do not settle it: a region's row with figures may sum its missions or be one, and `Totaal` may sum
a region or all missions. `sums` decides that by the figures.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

from schemas.header_words import RowWords
from schemas.registry import comparable

Kind = Literal["mission", "region", "total", "subtotal", "of which", "text"]

_SENTENCE = 6  # words from which a text that ends in a full stop is a sentence
_COUNTED = re.compile(r" ?\(\d+ (?:missies?|operaties?)\)$")  # a region's row may say how many it heads
_ENDS_IN_YEAR = re.compile(r"(?:\W{0,5}(?:19|20)\d\d){1,9}$")


class RowNames:
    """The kinds of rows by the words of a report, and how a row that is not a mission is named in `cells`."""

    def __init__(self, words: RowWords) -> None:
        self._totals = set(map(plain, words.totals))
        self._subtotals = tuple(map(plain, words.subtotals))
        self._of_which = tuple(map(plain, words.of_which))
        self._texts = tuple(map(plain, words.texts))
        self._regions = set(map(plain, words.regions))

    def kind(self, name: str) -> Kind | None:
        """What a name can be; None of one that may be a mission's."""
        words = plain(name)
        if words in self._regions or plain(_COUNTED.sub("", words)) in self._regions:
            return "region"
        if words in self._totals or _ENDS_IN_YEAR.sub("", words) in self._totals:
            return "total"
        if _opens(words, self._of_which):
            return "of which"
        if words in self._subtotals or self.summed(name) is not None:
            return "subtotal"
        return None

    def summed(self, name: str) -> str | None:
        """What the name of a sum says that it sums; None of a name without such words or without more."""
        words = plain(name)
        for word in sorted({*self._subtotals, *self._totals}, key=len, reverse=True):
            if words.startswith(f"{word} "):
                return plain(words.removeprefix(word))
            if words.endswith(f" {word}") and plain(words.removesuffix(word)) in self._regions:
                return plain(words.removesuffix(word))
        return None

    def is_text(self, line: str) -> bool:
        """Whether a line without figures of its own is a text: by its opening, or as a sentence."""
        sentence = line.rstrip().endswith(".") and len(line.split()) >= _SENTENCE
        return sentence or _opens(plain(line), self._texts)


def plain(name: str) -> str:
    """The name of a row as it is compared: without the signs around it too."""
    return comparable(name).strip(" :.*•-–—")


def _opens(name: str, words: Iterable[str]) -> bool:
    return any(re.match(rf"{re.escape(word)}(?:[ .:]|$)", name) for word in words)
