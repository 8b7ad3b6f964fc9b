"""One document, whole: resumed where a download broke off, and asked for again only if it has changed.

Everything here is in a folder of its own that may be deleted at any time: the body of each address,
what the service said to know it by, and parts of what broke off.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines import files
from pipelines.acquire.model import Downloaded, Format
from pipelines.acquire.transport import CHUNK, Again, Transport, host
from schemas.errors import JvomError, LakeError

if TYPE_CHECKING:
    import httpx

_HTML = re.compile(
    rb"\s*(?:<\?xml[^>]*>\s*|<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.I | re.S
)
_KNOWN = {
    b"PK\x03\x04": "a Word or ZIP file",
    b"\xd0\xcf\x11\xe0": "an old Word file",
}
_END = 4096  # bytes in which a whole PDF says that it ends


class Unusable(JvomError):
    """What an address holds is no document that can be read; `faulty` where the service is to blame."""

    def __init__(self, message: str, *, faulty: bool = False) -> None:
        super().__init__(message)
        self.faulty = faulty


def download(transport: Transport, address: str, folder: Path, largest: int) -> Downloaded:
    """The document at an address. Raises Unusable, NetworkError, or LakeError where it cannot be kept."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        kept = _Kept(folder, address)
        return transport.patiently(address, lambda: _ask(transport, kept, largest))
    except OSError as error:
        hint = "free some space, or make the warehouse writable"
        raise LakeError(
            f"cannot be written: {error.strerror or error}", file=str(folder), hint=hint
        ) from error


class _Kept:
    """What the folder has of one address: a whole body, or a part, each with the service's marks for it."""

    def __init__(self, folder: Path, address: str) -> None:
        name = hashlib.sha256(address.encode()).hexdigest()[:24]
        self.address = address
        self.body = folder / f"{name}.body"
        self.part = folder / f"{name}.part"

    def marks(self, file: Path) -> dict[str, str]:
        """ETag and moment of change that came with a file; none where the file is not what they say."""
        try:
            told = json.loads(file.with_name(f"{file.name}.json").read_text(encoding="utf-8"))
            whole = file is self.part or hashlib.sha256(file.read_bytes()).hexdigest() == told["sha256"]
            usable = whole and told["address"] == self.address
            return {name: str(told[name]) for name in ("etag", "changed") if told.get(name)} if usable else {}
        except (OSError, ValueError, KeyError, TypeError):
            return {}

    def mark(self, file: Path, marks: Mapping[str, str], sha256: str = "") -> None:
        """Write down the service's marks for a file."""
        told = {"address": self.address, "sha256": sha256, **marks}
        file.with_name(f"{file.name}.json").write_text(json.dumps(told), encoding="utf-8")

    def drop(self, file: Path) -> None:
        """Forget a file."""
        file.unlink(missing_ok=True)
        file.with_name(f"{file.name}.json").unlink(missing_ok=True)


def _ask(transport: Transport, kept: _Kept, largest: int) -> Downloaded:
    headers = {"Accept-Encoding": "identity"}
    marks = kept.marks(kept.part)
    begun = kept.part.stat().st_size if marks and kept.part.exists() else 0
    if begun:
        # A weak ETag does not vouch for single bytes, so that a part cannot be continued by it.
        strong = marks.get("etag", "W/")
        validator = strong if not strong.startswith("W/") else marks.get("changed")
        if validator:
            headers |= {"Range": f"bytes={begun}-", "If-Range": validator}
    elif whole := kept.marks(kept.body):
        headers |= {"If-None-Match": whole["etag"]} if "etag" in whole else {}
        headers |= {"If-Modified-Since": whole["changed"]} if "changed" in whole else {}
    with transport.open(kept.address, headers) as response:
        if response.status_code == 304:
            return _described(kept.body.read_bytes(), fresh=False)
        return _receive(transport, kept, response, begun, largest)


def _receive(
    transport: Transport, kept: _Kept, response: httpx.Response, begun: int, largest: int
) -> Downloaded:
    """Take the rest of a body, or all of it, and put it in place once it is whole."""
    if response.status_code == 416 or (response.status_code == 206 and not _continues(response, begun)):
        kept.drop(kept.part)
        raise Again("does not continue where the last download broke off", 0.0)
    if response.status_code not in (200, 206):
        raise Unusable(f"the service answers {response.status_code} in its place", faulty=True)
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise Unusable("is sent compressed, though asked for as it is", faulty=True)
    begun = begun if response.status_code == 206 else 0
    length = response.headers.get("Content-Length", "")
    if length.isdecimal() and begun + int(length) > largest:
        raise Unusable(f"is {begun + int(length)} bytes, over the limit of {largest}", faulty=True)
    _write(transport, kept, response, begun, largest)
    data = kept.part.read_bytes()
    vouched = length or response.headers.get("Transfer-Encoding")
    if not vouched and data.startswith(b"%PDF-") and b"%%EOF" not in data[-_END:]:
        kept.drop(kept.part)
        raise Again("cut the connection")
    try:
        document = _described(data, fresh=True)
    except Unusable:
        kept.drop(kept.part)
        raise
    marks = kept.marks(kept.part)
    files.move_into_place(kept.part, kept.body)
    kept.mark(kept.body, marks, document.sha256)
    kept.drop(kept.part)
    return document


def _continues(response: httpx.Response, begun: int) -> bool:
    return bool(response.headers.get("Content-Range", "").strip().startswith(f"bytes {begun}-"))


def _write(transport: Transport, kept: _Kept, response: httpx.Response, begun: int, largest: int) -> None:
    """Append the body to the part as it arrives, within limits of size and time."""
    marks = {"etag": response.headers.get("ETag", ""), "changed": response.headers.get("Last-Modified", "")}
    kept.mark(kept.part, marks)
    until = transport.clock() + transport.network.longest
    size = begun
    with kept.part.open("ab" if begun else "wb") as stream:
        for chunk in response.iter_raw():
            size += len(chunk)
            if size > largest:
                stream.close()
                kept.drop(kept.part)
                raise Unusable(f"does not end within the limit of {largest} bytes", faulty=True)
            stream.write(chunk)
            if transport.clock() > until:
                raise Again(f"was too slow: {size} bytes in {transport.network.longest:g} s")
    if size == 0:
        kept.drop(kept.part)
        raise Unusable("is empty", faulty=True)
    transport.say(f"{host(kept.address)}: {size} bytes" + (f", {begun} of them from before" if begun else ""))


def _described(data: bytes, *, fresh: bool) -> Downloaded:
    return Downloaded(data, hashlib.sha256(data).hexdigest(), _format(data), fresh)


def _format(data: bytes) -> Format:
    """What the bytes are, whatever the service calls them. Raises Unusable for neither PDF nor text."""
    start = data[:CHUNK].removeprefix(b"\xef\xbb\xbf")
    if start[:1024].lstrip(b"\r\n\t ").startswith(b"%PDF-"):
        return "pdf"
    for opening, name in _KNOWN.items():
        if start.startswith(opening):
            raise Unusable(f"is {name}, neither PDF nor text")
    if _HTML.match(start):
        raise Unusable("is an HTML page, not a document", faulty=True)
    if start.lstrip().startswith((b"<?xml", b"{", b"[{")):
        raise Unusable("is XML or JSON, not a document", faulty=True)
    if b"\0" in data:
        raise Unusable("is neither PDF nor text")
    return "text"
