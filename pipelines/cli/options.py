"""Options that several commands take, worded once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
Raw = Annotated[Path | None, typer.Option("--raw", metavar="DIR", help="Folder of the source files.")]
Warehouse = Annotated[
    Path | None, typer.Option("--warehouse", metavar="DIR", help="Folder of the warehouse.")
]
Verbose = Annotated[bool, typer.Option("--verbose", help="Logs and tracebacks on standard error.")]
Timeout = Annotated[
    float, typer.Option("--timeout", metavar="SECONDS", min=0, help="How long to wait for another writer.")
]
Edition = Annotated[int, typer.Argument(metavar="Y", help="The edition, by its year.")]
Reason = Annotated[str, typer.Option("--reason", metavar="R", help="Why; it stays in the record.")]
