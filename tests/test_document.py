"""Bytes to lines with pages: decoding, line ends, page breaks, printed page numbers, refusals."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.model import Document
from schemas.errors import SourceError
from tests.support.cases import cases
from tests.support.hostile_documents import pdf
from tests.support.reports import read_document


def texts(document: Document) -> list[str]:
    return [line.text for line in document.lines]


def pages(text: str) -> list[int]:
    return [line.page for line in read_document(text).lines]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_are_not_part_of_a_line(end: str) -> None:
    document = read_document(end.join(["een  ", "", " ", "twee\u2028drie", ""]))
    assert texts(document) == ["een  ", "", " ", "twee\u2028drie"]
    assert [line.number for line in document.lines] == [1, 2, 3, 4]
    assert texts(read_document(f"een{end}twee")) == ["een", "twee"]


@pytest.mark.parametrize("end", ["\x0b", "\f", "\x85", "\u2028", "\u2029"])
def test_other_line_ends_count_where_there_is_no_usual_one(end: str) -> None:
    assert texts(read_document(f"een{end}twee")) == ["een", "twee"]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-be", "utf-16-le", "utf-32"]
)
def test_encodings(encoding: str) -> None:
    assert texts(read_document("Libië ‘kust’ –\n".encode(encoding))) == ["Libië ‘kust’ –"]


def test_what_has_no_width_is_left_out_of_a_line() -> None:
    assert texts(read_document("natio\u00adnaal 3\u200b2 3\u00ad2 kader\u00ad")) == [
        "nationaal 32 3\u00ad2 kader\u00ad"
    ]


@given(st.lists(st.text(st.characters(exclude_characters="\n\r\f\0", exclude_categories=["Cs", "Cc", "Cf"]))))
def test_lines_keep_their_characters(lines: list[str]) -> None:
    text = "\n".join(["begin", *lines, "eind"])
    assert texts(read_document(text)) == unicodedata.normalize("NFC", text).split("\n")


@cases("text", "expected")
def test_pages(text: str, expected: list[int]) -> None:
    assert pages(text) == expected


def test_a_form_feed_stays_in_its_line() -> None:
    assert texts(read_document("een\n\f twee\nvier\f\n\f\nzes\n\f")) == [
        "een",
        "\f twee",
        "vier\f",
        "\f",
        "zes",
    ]


def test_a_printed_number_starts_its_page_and_numbers_all_others() -> None:
    text = " een\na\nb\n twee\nc\nd\nPagina 14 van 15 \ne\nf\n vier\ng\nh"
    document = read_document(text)
    assert pages(text) == [1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4]
    assert document.page_labels == ("12", "13", "14", "15")
    assert document.label(3) == "14"


@cases("text", "labels", nested=tuple)
def test_labels(text: str, labels: tuple[str | None, ...]) -> None:
    assert read_document(text).page_labels == labels


NOISE = bytes(1 + number % 255 for number in range(5000)).replace(b"\x81", b"a")
DAMAGED = "Libië en Israël en Syrië\nOekraïne".encode().replace("ï".encode(), b"\xc3")
PAGE = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>"


@pytest.mark.parametrize(
    ("data", "words", "line"),
    [
        (b"", "empty", None),
        (b"\xef\xbb\xbf", "empty", None),
        (b" \n\n\f\n", "empty", None),
        ("een\ntwee".encode("utf-16")[:-1], "say UTF-16, but", None),
        ("\ufeffeen\ntwee".encode("utf-16-be") + b"\xd8\0", "say UTF-16, but", None),
        ("een\ntwee".encode("utf-32")[:-1], "say UTF-32, but", None),
        *(
            ("een\nLibië".encode(encoding), "in another encoding", None)
            for encoding in ("mac_roman", "cp850", "cp437")
        ),
        ("Libië".encode().decode("cp1252").encode(), "in another encoding", None),
        ("een\ntwee".encode("utf-16-le") + b"\0\0", "NUL", 1),
        (b"een\ntw\0ee\n", "NUL", 2),
        (NOISE, "", 1),
        (b"ab\x01\x02\x03\x04\x05" * 20, "control", None),
        (b"een\nge\xefnd \x81\n", "0x81", 2),
        (DAMAGED, "0xc3", 2),
        (b"een regel\n" * 550_000, "too large", None),
        (b"een\n" * 10_001, "10,001 lines", None),
        (b"een\n" + b"a" * 100_001, "too long", 2),
        (pdf([b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>", PAGE]), "pictures", None),
    ],
    ids=lambda value: None if isinstance(value, bytes) else str(value),
)
def test_what_is_not_a_report_is_refused_with_its_line(data: bytes, words: str, line: int | None) -> None:
    with pytest.raises(SourceError) as caught:
        read_document(data)
    assert words in caught.value.message
    assert caught.value.file == "raw/2024/report.txt"
    assert caught.value.hint
    assert data == NOISE or caught.value.line == line


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_quotation_marks_are_not_letters_of_another_encoding(encoding: str) -> None:
    assert read_document("de ‘caveats‘ en „regels“".encode(encoding)).lines


def test_accents_that_stand_alone_are_letters() -> None:
    (line,) = read_document("de ‘nationale caveats‘ van Libie\u0308".encode()).lines
    assert line.text.endswith("Libië")


def test_what_is_just_within_the_bounds_is_read() -> None:
    assert len(read_document("een\n" * 10_000).lines) == 10_000
    assert read_document("een\n" + "a" * 100_000)
