"""What runs in the child that reads the lines of a text: `sandbox.call` names its function."""

from __future__ import annotations

from typing import Any

from pipelines.extract import text as documents
from pipelines.extract import wire
from pipelines.model import SourceFile


def document(question: dict[str, Any], data: bytes) -> tuple[Any, bytes]:
    """The document of `data`, whose source is the question."""
    return wire.dump_document(documents.read(data, SourceFile(**question))), b""
