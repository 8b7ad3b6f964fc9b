"""Reads a PDF in a process of its own, whose time, memory and files are bounded (see `sandbox`)."""

from __future__ import annotations

from pipelines.extract import sandbox
from pipelines.extract.pdf import wire
from pipelines.extract.pdf.model import PdfDocument
from pipelines.extract.sandbox import Limits
from schemas.errors import SourceError

MAX_BYTES = 50 * 2**20
_TRY_AGAIN = "open it in a viewer and print it to a new PDF, or give its text"


def read(data: bytes, path: str, limits: Limits | None = None) -> PdfDocument:
    """The document that the child read from `data`.

    Raises SourceError, with `path` as its file, for anything that is no sound PDF of a report or
    that goes over a limit.
    """
    if len(data) > MAX_BYTES:
        raise SourceError(
            f"{len(data) / 2**20:.0f} MB is too large for a report (at most {MAX_BYTES // 2**20} MB)",
            file=path,
            hint="check that this is the report",
        )
    if not data:
        raise SourceError("the file is empty", file=path, hint="put the report there")
    answer, _ = sandbox.call("pipelines.extract.pdf.inside:document", path, data, file=path, limits=limits)
    try:
        return wire.load(answer, path)
    except (ValueError, TypeError, KeyError) as error:
        raise SourceError("its pages came back damaged", file=path, hint=_TRY_AGAIN) from error
