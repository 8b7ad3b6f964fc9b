"""Pieces of a picture, each read a second time away from its surroundings: set in rows of a new picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipelines.extract.pdf import tesseract
from pipelines.extract.pdf.picture import Patch
from pipelines.extract.pdf.tesseract import Seen

DIGITS = "0123456789.+-"
_ACROSS = 8
_DOWN = 60
_APART = 60
_BORDER = 40
_LOOKS = ((2, 20, tesseract.ONE_LINE), (2, 10, tesseract.BARE_LINE), (3, 10, tesseract.ONE_BLOCK))
"""Size, white border and division of the pictures in which a number is looked at alone."""


@dataclass(frozen=True, slots=True)
class Picture:
    """Grey dots, one byte each; 0 is black."""

    width: int
    height: int
    dots: bytes


@dataclass(frozen=True, slots=True)
class Piece:
    """Patches of ink of a picture, `times` as large as they are there."""

    picture: Picture
    ink: tuple[Patch, ...]
    times: int = 1

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Around its ink, with a margin of two dots."""
        return (
            max(0, min(patch[0] for patch in self.ink) - 2),
            max(0, min(patch[1] for patch in self.ink) - 2),
            min(self.picture.width, max(patch[2] for patch in self.ink) + 2),
            min(self.picture.height, max(patch[3] for patch in self.ink) + 2),
        )

    def rows(self) -> list[bytes]:
        """Its dots, row by row."""
        left, top, right, bottom = self.box
        rows = []
        for y in range(top, bottom):
            row = self.picture.dots[y * self.picture.width + left : y * self.picture.width + right]
            wide = bytes(value for value in row for _ in range(self.times))
            rows.extend([wide] * self.times)
        return rows


def read(pieces: Sequence[Piece], file: str, only: str = "") -> list[str]:
    """What each piece says; pieces are set at the foot of their row, so they should be of one height."""
    found: list[str] = []
    for start in range(0, len(pieces), _ACROSS * _DOWN):
        found.extend(_read(pieces[start : start + _ACROSS * _DOWN], file, only))
    return found


def alone(picture: Picture, ink: Sequence[Patch], file: str) -> str:
    """The number that a piece says in a picture of its own: that of as many digits as it has patches.

    Else what it says each time, at several sizes; empty where it says nothing certain.
    """
    said = []
    for times, border, block in _LOOKS:
        text = _alone(Piece(picture, tuple(ink), times), border, block, file)
        if len(text) == len(ink):
            return text
        said.append(text)
    return said[0] if len(set(said)) == 1 else ""


def _alone(piece: Piece, border: int, block: str, file: str) -> str:
    rows = piece.rows()
    width, height = len(rows[0]) + 2 * border, len(rows) + 2 * border
    blank, side = b"\xff" * (border * width), b"\xff" * border
    dots = b"".join([blank, *(side + row + side for row in rows), blank])
    return "".join(
        word.text for word in tesseract.read(width, height, dots, file=file, only=DIGITS, block=block)
    )


def _read(pieces: Sequence[Piece], file: str, only: str) -> Iterator[str]:
    drawn = [piece.rows() for piece in pieces]
    wide = max(len(rows[0]) for rows in drawn) + _APART
    high = max(len(rows) for rows in drawn)
    pitch = round(high * 1.9)
    across = max(1, min(_ACROSS, 4000 // wide))
    width = 2 * _BORDER + across * wide
    height = 2 * _BORDER + -(-len(drawn) // across) * pitch
    canvas = bytearray(b"\xff" * (width * height))
    for at, rows in enumerate(drawn):
        left = _BORDER + at % across * wide
        foot = _BORDER + at // across * pitch + high
        for y, dots in enumerate(rows, foot - len(rows)):
            canvas[y * width + left : y * width + left + len(dots)] = dots
    slots: list[list[Seen]] = [[] for _ in drawn]
    for word in tesseract.read(width, height, bytes(canvas), file=file, only=only):
        row, column = int((word.middle - _BORDER) // pitch), int((word.left - _BORDER + 8) // wide)
        at = row * across + column
        if 0 <= column < across and 0 <= at < len(slots):
            slots[at].append(word)
    for slot in slots:
        yield "".join(word.text for word in sorted(slot, key=lambda word: word.left))
