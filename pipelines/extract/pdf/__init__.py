"""PDF of a report → lines with places: `read` takes the bytes apart in a process of its own (see `sandbox`).

`table` finds a table in it under the heading that a layout gives.
"""

from __future__ import annotations

from pipelines.extract.pdf.model import Box, PdfDocument, PdfLine, PdfPage, Word
from pipelines.extract.pdf.reading import read
from pipelines.extract.sandbox import Limits

__all__ = [
    "Box",
    "Limits",
    "PdfDocument",
    "PdfLine",
    "PdfPage",
    "Word",
    "read",
]
