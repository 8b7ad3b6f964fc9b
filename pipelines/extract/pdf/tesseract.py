"""A grey picture → the words that Tesseract reads in it, each with its box in dots.

Tesseract is a program of its own, an optional one: Debian's `tesseract-ocr`, with the Dutch data of
`tesseract-ocr-nld`. It runs within limits of time and memory, on one core.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass

from pipelines.extract import sandbox
from schemas.errors import SourceError

_PACKAGES = "tesseract-ocr tesseract-ocr-nld"
_LIMITS = sandbox.Limits(seconds=120, cpu_seconds=60, output=32 * 2**20)
ONE_BLOCK, ONE_LINE, BARE_LINE = "6", "7", "13"
"""Ways to divide a picture, by the numbers that Tesseract gives them."""
_WORD = "5"
"""The level of a word in the table that Tesseract writes."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A word as recognised: edges in dots, `line` tells the lines of one picture apart."""

    text: str
    left: int
    top: int
    right: int
    bottom: int
    confidence: float
    line: tuple[str, ...]

    @property
    def centre(self) -> float:
        """Horizontal centre."""
        return (self.left + self.right) / 2

    @property
    def middle(self) -> float:
        """Vertical centre."""
        return (self.top + self.bottom) / 2


def require(file: str, pages: int) -> None:
    """Raises SourceError, naming the packages to install, where Tesseract or its Dutch data are missing."""
    if shutil.which("tesseract") is None:
        raise missing(file, pages)
    try:
        listed = subprocess.run(
            ["tesseract", "--list-langs"], capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        raise missing(file, pages) from None
    if "nld" not in (listed.stdout + listed.stderr).split():
        raise missing(file, pages)


def missing(file: str, pages: int) -> SourceError:
    """What is said where a scan cannot be read for want of Tesseract."""
    return SourceError(
        f"{pages} of its pages are pictures without text, which takes Tesseract with Dutch data to read",
        file=file,
        hint=f"install Debian's two packages (sudo apt-get install {_PACKAGES}), or give the report's text",
    )


def read(
    width: int,
    height: int,
    picture: bytes,
    *,
    file: str,
    page: int | None = None,
    only: str = "",
    block: str = ONE_BLOCK,
) -> list[Seen]:
    """The words of a picture of text, taken as one block, or as `block` says.

    `only` lists the characters that there are.

    Raises SourceError where Tesseract fails, or needs more than its limits.
    """
    options = ["-l", "nld", "--psm", block, "--dpi", "300"]
    if only:
        options += ["-c", f"tessedit_char_whitelist={only}"]
    command = _LIMITS.command("tesseract", "-", "-", *options, "tsv")
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as answer:
        given.write(b"P5 %d %d 255\n" % (width, height))
        given.write(picture)
        given.seek(0)
        try:
            done = subprocess.run(
                command,
                stdin=given,
                stdout=answer,
                stderr=subprocess.DEVNULL,
                cwd=sandbox.ROOT,
                env={**os.environ, "OMP_THREAD_LIMIT": "1"},
                timeout=_LIMITS.seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise _failed("takes longer than two minutes", file, page) from None
        answer.seek(0)
        content = answer.read().decode("utf-8", "replace")
    if done.returncode:
        raise _failed(f"fails (exit code {done.returncode})", file, page)
    return list(_words(content))


def _failed(what: str, file: str, page: int | None) -> SourceError:
    return SourceError(
        f"recognising the letters of this picture {what}",
        file=file,
        page=page,
        hint="scan it again at 300 dots an inch, or give the report's text",
    )


def _words(content: str) -> Iterator[Seen]:
    for row in content.splitlines()[1:]:
        fields = row.split("\t")
        text = fields[-1].strip().strip("_")  # which it reads where a drawn line was
        if len(fields) == 12 and fields[0] == _WORD and text:
            left, top, width, height = (int(value) for value in fields[6:10])
            line = tuple(fields[1:5])
            yield Seen(text, left, top, left + width, top + height, float(fields[10]), line)
