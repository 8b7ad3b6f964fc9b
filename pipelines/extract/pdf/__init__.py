"""PDF of a report → lines with places: `parse` takes the bytes apart, in the child process (see `read`).

`table` finds a table in it under the heading that a layout gives.
"""

from pipelines.extract.pdf.model import Box, PdfDocument, PdfLine, PdfPage, Word

__all__ = ["Box", "PdfDocument", "PdfLine", "PdfPage", "Word"]
