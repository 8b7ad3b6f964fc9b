"""What runs in the child process (see `sandbox`): bytes of a PDF → its document as JSON."""

from __future__ import annotations

from typing import Any

from pipelines.extract.pdf import parse, wire
from schemas.errors import SourceError


def document(path: str, data: bytes) -> tuple[Any, bytes]:
    """The parsed document; raises SourceError where PDFium cannot give one of a report."""
    try:
        return wire.dump(parse.parse(data, path)), b""
    except parse.Refused as refused:
        raise SourceError(refused.message, file=path, page=refused.page, hint=refused.hint) from None
