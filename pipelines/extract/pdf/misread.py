"""Words of a heading that recognition read a letter wrong → as the layout spells them.

For finding a heading on a page read from a picture, and for nothing else: no figure, name or date of a
table is ever respelled.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Sequence
from dataclasses import replace

from pipelines.extract.pdf.model import PdfLine, Word

_ALIKE = 0.8
"""`nationaal` and `internationaal` are less alike than that."""
_SHORTEST = 4
_BROKEN = 0.3
"""White space, in font sizes, up to which two words may be one that lost a letter."""


def mended(line: PdfLine, texts: Collection[str]) -> PdfLine:
    """The line with its words spelled as in `texts`, where they are nearly so; boxes stay."""
    known = {word.casefold(): word for text in texts for word in text.split()}
    words = list(line.words)
    for at, word in enumerate(words):
        if word.plain.casefold() in known:
            continue
        if at and (pair := _pair(words[at - 1], word, known)):
            words[at - 1], words[at] = pair
        elif spelled := _nearest(word.plain, known):
            words[at] = replace(word, text=known[spelled], markers=())
    return replace(line, words=tuple(words))


def _pair(first: Word, second: Word, known: dict[str, str]) -> tuple[Word, Word] | None:
    if first.plain.casefold() in known or second.box.left - first.box.right > _BROKEN * first.size:
        return None
    spelled = _nearest(first.plain + second.plain, known)
    if spelled is None:
        return None
    cut = len(first.plain)
    whole = known[spelled]
    return replace(first, text=whole[:cut], markers=()), replace(second, text=whole[cut:], markers=())


def _nearest(text: str, known: Collection[str]) -> str | None:
    if len(text) < _SHORTEST:
        return None
    near: Sequence[str] = difflib.get_close_matches(text.casefold(), known, n=1, cutoff=_ALIKE)
    return near[0] if near else None
