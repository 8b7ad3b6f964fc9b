"""Figures of other public sources: raw/observations.csv and the UN's contributions, CSV → Arrow tables.

Here belongs how their files are read and kept. What must hold of their rows is said in
`schemas/public.py`; that it holds is checked where the reports' tables are (`pipelines.validate`).
A build with nothing to do imports this package: no pyarrow, no Pandera.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from pipelines.other_sources.contributions import kept
from pipelines.other_sources.observations import FILE

__all__ = ["version"]


def version(raw: Path, folder: Path) -> str:
    """Hash of what other public sources give now, 12 hexadecimal digits.

    `raw` is the folder of the observations' file, `folder` that of the kept UN files.
    """
    digest = hashlib.sha256()
    for file in (raw / FILE, kept(folder)):
        data = file.read_bytes() if file is not None and file.is_file() else b""
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()[:12]
