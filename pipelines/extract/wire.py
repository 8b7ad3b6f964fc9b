"""Documents, editions and tables as JSON and Arrow streams, for the way into a child and back."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pipelines.model import Document, Edition, Line

if TYPE_CHECKING:
    import pyarrow as pa

    from pipelines.extract.pdf import PdfDocument

_DAYS = ("period_start", "period_end", "date_sent")


def dump_document(document: Document) -> dict[str, Any]:
    """The document as JSON can hold it; lines of a PDF follow from its pages."""
    return {
        "path": document.path,
        "sha256": document.sha256,
        "format": document.format,
        "page_labels": document.page_labels,
        "lines": [] if document.pdf else [[line.number, line.page, line.text] for line in document.lines],
        "pdf": _dump_pdf(document.pdf) if document.pdf else None,
    }


def load_document(content: dict[str, Any]) -> Document:
    """The document that `dump_document` wrote. Raises ValueError, TypeError or KeyError on anything else."""
    pdf = _load_pdf(content["pdf"], content["path"]) if content["pdf"] else None
    lines = pdf.lines() if pdf else (Line(number, page, text) for number, page, text in content["lines"])
    return Document(
        content["path"],
        content["sha256"],
        content["format"],
        tuple(lines),
        tuple(content["page_labels"]),
        pdf,
    )


def _dump_pdf(found: PdfDocument) -> dict[str, Any]:
    from pipelines.extract.pdf import wire  # not for a text

    return wire.dump(found)


def _load_pdf(content: dict[str, Any], path: str) -> PdfDocument:
    from pipelines.extract.pdf import wire

    return wire.load(content, path)


def dump_edition(edition: Edition) -> dict[str, Any]:
    """The edition as JSON can hold it: days in ISO 8601."""
    days = {name: day.isoformat() if (day := getattr(edition, name)) else None for name in _DAYS}
    return asdict(edition) | days


def load_edition(content: dict[str, Any]) -> Edition:
    """The edition that `dump_edition` wrote."""
    days = {name: datetime.date.fromisoformat(content[name]) if content[name] else None for name in _DAYS}
    return Edition(**(content | days))


def dump_tables(tables: Mapping[str, pa.Table]) -> tuple[list[tuple[str, int]], bytes]:
    """Name and size of each table's Arrow stream, and the streams one after the other."""
    import pyarrow as pa

    sizes: list[tuple[str, int]] = []
    parts: list[bytes] = []
    for name, table in tables.items():
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        part = sink.getvalue().to_pybytes()
        sizes.append((name, len(part)))
        parts.append(part)
    return sizes, b"".join(parts)


def load_tables(sizes: list[tuple[str, int]], data: bytes) -> dict[str, pa.Table]:
    """The tables that `dump_tables` wrote, each of its contract's columns.

    Raises ValueError, TypeError or KeyError on anything else; every value is checked for its form.
    """
    import pyarrow as pa

    import schemas

    tables: dict[str, pa.Table] = {}
    start = 0
    for name, size in sizes:
        with pa.ipc.open_stream(pa.py_buffer(data[start : start + size])) as reader:
            table = reader.read_all()
        table.validate(full=True)
        if not table.schema.equals(schemas.TABLES[name].as_read().arrow):
            raise ValueError(f"{name} has other columns")
        tables[name] = table
        start += size
    return tables
