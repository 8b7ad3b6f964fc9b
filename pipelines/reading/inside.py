"""What runs in the child that reads the lines of a text: `sandbox.call` names its function."""

from __future__ import annotations

from typing import Any

from pipelines import document as documents
from pipelines.reading import wire
from pipelines.seams import SourceFile


def document(question: dict[str, Any], data: bytes) -> tuple[Any, bytes]:
    """The document of `data`, whose source is the question."""
    return wire.dump_document(documents.read(data, SourceFile(**question))), b""
