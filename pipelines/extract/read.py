"""Reads a report in child processes: first its document, then its tables, each within bounds.

Not a stage: like `assets` it knows two of them, `document` and `tables`. Whoever reads a file that
came from elsewhere (a build, its rehearsal, a verification) does it here.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from pipelines.extract import sandbox, wire
from pipelines.extract import text as document
from pipelines.model import Document, Edition, SourceFile
from schemas.errors import SourceError

if TYPE_CHECKING:
    import pyarrow as pa

LIMITS = sandbox.Limits(cpu_seconds=30, hint="check that this is the report, and that it is whole")
_DAMAGED = "run it again; if it stays, the installation is damaged"


def read_document(data: bytes, source: SourceFile) -> Document:
    """`document.read` in a child. Raises what that raises, and SourceError where a limit is reached."""
    if document.is_pdf(data):  # has its own children: one to parse, and one for each picture of a page
        return document.read(data, source)
    answer, _ = sandbox.call(
        "pipelines.extract.inside:document", asdict(source), data, file=source.path, limits=LIMITS
    )
    try:
        return wire.load_document(answer)
    except (ValueError, TypeError, KeyError) as error:
        raise SourceError("its lines came back damaged", file=source.path, hint=_DAMAGED) from error


def read_tables(found: Document, source: SourceFile, edition: Edition) -> dict[str, pa.Table]:
    """`tables.read` in a child, by the registry as it is on disk.

    Raises what that raises, and SourceError where a limit is reached.
    """
    question = {
        "document": wire.dump_document(found),
        "source": asdict(source),
        "edition": wire.dump_edition(edition),
    }
    sizes, data = sandbox.call(
        "pipelines.extract.inside_tables:tables", question, file=source.path, limits=LIMITS
    )
    try:
        return wire.load_tables(sizes, data)
    except (ValueError, TypeError, KeyError) as error:  # pyarrow's errors are among them
        raise SourceError("its tables came back damaged", file=source.path, hint=_DAMAGED) from error
