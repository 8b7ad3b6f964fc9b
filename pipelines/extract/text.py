"""Bytes of a text → lines with their page and number. Nothing in them is interpreted.

Here belong decoding, line ends, page breaks and printed page numbers; how a PDF gives lines is the
business of `pdf`, and what lines mean that of `tables`.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence

from pipelines.extract.numerals import RAISED
from pipelines.model import PAGE_NUMBER, Document, Line, SourceFile
from schemas.errors import SourceError

MAX_BYTES = 5 * 1024 * 1024  # forty times the report of 2024
MAX_LINE = 100_000
MAX_LINES = 10_000  # six times
_FEW = 10

# Signs that change the order in which others are seen: where figures are, nothing can be read.
TURNING = "\u061c\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_KEPT = f"\u00ad{TURNING}"
# A soft hyphen between letters, and what only says how a sign before it is drawn or sorted.
_UNSEEN = re.compile(
    "(?<=[^\\W\\d_])\u00ad(?=[^\\W\\d_])|[\u034f\u180b-\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]"
)
_LINE_END = re.compile(r"\r\n|\n|\r")
_OTHER_END = re.compile("[\x0b\x0c\x85\u2028\u2029]")  # of a text that has no such line end
_PAGE_OPENING = re.compile(r" \S")
_CONTROL = re.compile(r"[\x01-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_UTF8_PAIR = re.compile(rb"[\xc2-\xf4][\x80-\xbf]+")
_MARKED = (  # UTF-32 first: its mark begins as that of UTF-16
    (b"\xff\xfe\0\0", "utf-32-le"),
    (b"\0\0\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
_ZEROS = 3  # of so many bytes of UTF-16 in Latin letters at least one is 0
_ACCENTED = re.compile("[à-öø-ÿ]")
# What accented letters of UTF-8, or of Mac Roman and code page 850 as well, become in Windows-1252.
_TWICE = re.compile(r"\b[A-Za-z]{0,40}[a-z]Ã[^A-Za-z\s]")
_MISREAD = re.compile(rf"(?<![‘“‚„‹])\b[A-Za-z]{{0,40}}[a-z][‘“‚„‹•‰ˆ¢ŽŠŸ]|{_TWICE.pattern}")


def read(data: bytes, source: SourceFile) -> Document:
    """Lines with pages of a text in UTF-8, else Windows-1252; in UTF-16 or 32 where its bytes say so.

    `Line.text` holds the characters of the file's line that can be seen (see `visible`), without its end (LF,
    CRLF or CR); a form feed stays in it. Pages are counted from 1; a text without any page start is one page.

    Raises SourceError, without its file, for what is not a report: an empty file, noise, a mixed
    encoding, more than 5 MB or 10,000 lines, a line over 100,000 characters.
    """
    texts = _lines(_decode(data))
    starts = _page_starts(texts)
    lines: list[Line] = []
    page = 1
    for index, text in enumerate(texts):
        page += starts.get(index, 0)
        lines.append(Line(index + 1, page, text))
    return Document(source.path, source.sha256, "text", tuple(lines), _page_labels(lines))


def visible(text: str) -> str:
    """`text` without characters that have no width, and with accents on their letters.

    A soft hyphen between letters is not seen; others stay, and overrides of direction: with them letters are
    seen in another order.
    """
    if text.isascii():
        return text
    kept = (letter for letter in text if letter in _KEPT or unicodedata.category(letter) != "Cf")
    return unicodedata.normalize("NFC", _UNSEEN.sub("", "".join(kept)))


def strange(text: str) -> str:
    """Why the figures of a line are not what they look like: another order, other digits or letters."""
    for sign in text if not text.isascii() else "":
        shown = f"“{sign}” (U+{ord(sign):04X})"
        if sign in TURNING:
            return f"U+{ord(sign):04X} turns the order in which it is seen"
        if unicodedata.category(sign)[0] == "N" and sign not in RAISED and not sign.isascii():
            return f"{shown} is not one of the digits 0 to 9"
        if unicodedata.name(sign, "").startswith(("CYRILLIC", "GREEK")):
            return f"{shown} is a letter of another alphabet"
    return ""


def require_few(count: int) -> None:
    """Raises SourceError for more lines than a report of any format has."""
    if count > MAX_LINES:
        raise SourceError(
            f"{count:,} lines are too many for a report (at most {MAX_LINES:,})",
            hint="check that this is the report and nothing else",
        )


def _decode(data: bytes) -> str:
    if len(data) > MAX_BYTES:
        raise SourceError(
            f"{len(data) / 2**20:.0f} MB is too large for a report (at most {MAX_BYTES // 2**20} MB)",
            hint="check that this is the report's text",
        )
    text = _by_bytes(data) if (marked := _by_mark(data)) is None else marked
    if not text.strip():
        raise SourceError("the file is empty", hint="put the report's text there")
    if len(_CONTROL.findall(text)) > max(3, len(text) // 200):
        raise _unreadable("this is not plain text: it is full of control characters")
    return text


def _spelled(text: str, odd: re.Pattern[str]) -> str:
    """The text, unless more of its words have an odd sign than an accented letter."""
    words = odd.findall(text)
    if len(words) > len(_ACCENTED.findall(unicodedata.normalize("NFC", text))):
        why = f"its accented letters are other signs, such as “{words[0]}”"
        raise _unreadable(f"this text is in another encoding than UTF-8 or Windows-1252: {why}")
    return text


def _by_mark(data: bytes) -> str | None:
    """The text in the encoding that its first bytes name, or every second byte, which is 0 in UTF-16."""
    mark, encoding = next((one for one in _MARKED if data.startswith(one[0])), (b"", ""))
    zeros = [data[start::2].count(0) for start in (0, 1)]
    if not mark and not min(zeros) and max(zeros) > len(data) // _ZEROS:
        encoding = "utf-16-be" if zeros[0] else "utf-16-le"
    try:
        return data[len(mark) :].decode(encoding) if encoding else None
    except UnicodeDecodeError as error:
        name = encoding[:6].upper()
        raise _unreadable(f"its bytes say {name}, but it is damaged: not all of it is") from error


def _by_bytes(data: bytes) -> str:
    zero = data.find(b"\0")
    if zero >= 0:
        raise _unreadable("this is neither a PDF nor plain text: it holds NUL bytes", data, zero)
    # Damaged UTF-8 would give wrong letters in Windows-1252.
    damaged = len(_UTF8_PAIR.findall(data)) > data.decode("utf-8", errors="replace").count("\ufffd")
    for encoding, odd in (("utf-8-sig", _TWICE), ("cp1252", _MISREAD))[: 1 if damaged else 2]:
        try:
            return _spelled(data.decode(encoding), odd)
        except UnicodeDecodeError as error:
            at = error.start
    raise _unreadable(f"neither UTF-8 nor Windows-1252: byte {data[at]:#04x} is not a character", data, at)


def _unreadable(message: str, data: bytes = b"", at: int | None = None) -> SourceError:
    line = None if at is None else data.count(b"\n", 0, at) + 1
    return SourceError(message, line=line, hint="give the report as PDF, or as plain text in UTF-8")


def _lines(text: str) -> list[str]:
    end = _LINE_END if _LINE_END.search(text) else _OTHER_END
    texts = [visible(line) for line in end.split(text)]
    if not texts[-1].strip("\f"):
        texts.pop()  # what follows the last line end is not a line
    require_few(len(texts))
    for number, line in enumerate(texts, 1):
        if len(line) > MAX_LINE:
            raise SourceError(
                f"a line of {len(line):,} characters is too long for a report (at most {MAX_LINE:,})",
                line=number,
                hint="check that the text was saved with its line ends",
            )
    return texts


def _page_starts(texts: Sequence[str]) -> dict[int, int]:
    """Index of each line that starts a page → how many pages further it is than the line before."""
    filled = [index for index, text in enumerate(texts) if text.strip()]
    if 0 < sum("\f" in text for text in texts) <= max(_FEW, len(texts) // 3):  # else one is in every line
        return _form_feeds(texts)
    openings = _openings(texts, filled)
    starts = openings | _numbered_starts(texts, filled, openings)
    return dict.fromkeys(starts - {filled[0]}, 1)


def _form_feeds(texts: Sequence[str]) -> dict[int, int]:
    """A form feed before a line's text starts a page with that line, one after it with the next."""
    starts: dict[int, int] = defaultdict(int)
    written = False
    for index, text in enumerate(texts):
        body = text.strip()
        before = text.count("\f", 0, text.find(body)) if body else text.count("\f")
        if written:
            starts[index] += before
        written = written or bool(body)
        if body:
            starts[index + 1] += text.count("\f") - before
    return starts


def _openings(texts: Sequence[str], filled: Sequence[int]) -> set[int]:
    """Lines that begin with exactly one space: so text taken from a PDF marks the top of a page.

    The pieces of a rotated label may begin so too: they are lines of one to three letters among
    others of that kind. A text that is indented as a whole says nothing about pages.
    """
    found: set[int] = set()
    for position, index in enumerate(filled):
        if not _PAGE_OPENING.match(texts[index]):
            continue
        beside = [*filled[max(0, position - 1) : position], *filled[position + 1 : position + 2]]
        if _is_piece(texts[index]) and any(_is_piece(texts[other]) for other in beside):
            continue
        found.add(index)
    return found if len(found) <= max(1, len(filled) // 3) else set()


def _is_piece(text: str) -> bool:
    return len(text.strip()) <= 3


def _numbered_starts(texts: Sequence[str], filled: Sequence[int], openings: set[int]) -> set[int]:
    """Pages that start with a printed number, where no other sign says so.

    A number directly before the top of a page, or at the end of the document, closes its page.
    """
    numbered = [p for p, index in enumerate(filled) if PAGE_NUMBER.fullmatch(texts[index])]
    last = len(filled) - 1
    if not openings and numbered[-1:] == [last] and numbered[0] != 0:
        return {filled[position + 1] for position in numbered if position < last}
    return {
        filled[position]
        for position in numbered
        if position < last
        and openings.isdisjoint((*filled[max(0, position - 1) : position], filled[position + 1]))
    }


def _page_labels(lines: Sequence[Line]) -> tuple[str | None, ...]:
    """Number of each page: as printed, and by counting on from there where all printed ones agree."""
    pages = lines[-1].page
    printed: dict[int, set[int]] = defaultdict(set)
    last_pages = set()
    for line in lines:
        if match := PAGE_NUMBER.fullmatch(line.text):
            printed[line.page].add(int(match["page"]))
            last_pages.add(int(match["pages"]))
    offsets = {number - page for page, numbers in printed.items() for number in numbers}
    if len(offsets) == 1 and len(last_pages) == 1:
        offset, last = offsets.pop(), last_pages.pop()
        numbers = [page + offset for page in range(1, pages + 1)]
        return tuple(str(number) if 1 <= number <= last else None for number in numbers)
    certain = {page: numbers.pop() for page, numbers in printed.items() if len(numbers) == 1}
    return tuple(str(certain[page]) if page in certain else None for page in range(1, pages + 1))
