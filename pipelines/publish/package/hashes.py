"""SHA256SUMS: what each file must be, in the form that `sha256sum --check` reads."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

NAME = "SHA256SUMS"


def sha256(data: bytes) -> str:
    """SHA-256 of bytes, 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def sums(files: Mapping[str, bytes]) -> bytes:
    """A line for each file, by path."""
    return "".join(f"{sha256(data)}  {path}\n" for path, data in sorted(files.items())).encode()
