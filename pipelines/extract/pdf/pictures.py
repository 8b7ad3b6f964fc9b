"""Page of a PDF → its picture in grey, for character recognition. Runs in a child process (see `sandbox`)."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.extract.pdf.pdfium import picture
from pipelines.extract.sandbox import Message

DPI = 300


def draw(data: bytes, number: int, path: str) -> Iterator[Message]:
    """Width and height of page `number` in dots, and a byte for each dot, 0 for black, row by row.

    Raises SourceError for a page that is larger than any of a report.
    """
    width, height, found = picture(data, path, number, DPI)
    yield [width, height], found
