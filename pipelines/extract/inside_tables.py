"""What runs in the child that reads tables: `sandbox.call` names its function."""

from __future__ import annotations

from functools import cache
from typing import Any

import schemas
from pipelines.extract import tables as stage
from pipelines.extract import wire
from pipelines.model import SourceFile
from schemas import registry


@cache
def prepare() -> registry.Registry:
    """Loads what reading needs from disk, while files can still be opened: contracts, registry, libraries.

    One table of each kind is made, because pyarrow loads some of its parts with the first (pandas is
    one, where it is installed).
    """
    wire.dump_tables({name: contract.as_read().table([{}]) for name, contract in schemas.TABLES.items()})
    return registry.load()


def tables(question: dict[str, Any], _data: bytes) -> tuple[Any, bytes]:
    """Every table of a document, as Arrow streams; the answer holds the size of each by name."""
    read = stage.read(
        wire.load_document(question["document"]),
        SourceFile(**question["source"]),
        wire.load_edition(question["edition"]),
        prepare(),
    )
    return wire.dump_tables(read)
