"""Bytes to lines with pages: decoding, line ends, page breaks, printed page numbers, refusals."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.model import Document
from schemas.errors import SourceError
from tests.hostile_documents import pdf
from tests.support.reports import FULL, needs_full, read_document


def texts(document: Document) -> list[str]:
    return [line.text for line in document.lines]


def pages(document: Document) -> list[int]:
    return [line.page for line in document.lines]


def refusal(data: str | bytes) -> SourceError:
    with pytest.raises(SourceError) as caught:
        read_document(data)
    assert caught.value.file == "raw/2024/report.txt"
    assert caught.value.hint
    return caught.value


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_are_no_part_of_a_line(end: str) -> None:
    document = read_document(end.join(["een  ", "", " ", "twee\u2028drie", ""]))
    assert texts(document) == ["een  ", "", " ", "twee\u2028drie"]
    assert [line.number for line in document.lines] == [1, 2, 3, 4]


def test_the_last_line_needs_no_end() -> None:
    assert texts(read_document("een\ntwee")) == ["een", "twee"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_encodings(encoding: str) -> None:
    assert texts(read_document("Libië ‘kust’ –\n".encode(encoding))) == ["Libië ‘kust’ –"]


@given(st.lists(st.text(st.characters(exclude_characters="\n\r\f\0", exclude_categories=["Cs", "Cc"]))))
def test_lines_keep_their_characters(lines: list[str]) -> None:
    text = "\n".join(["begin", *lines, "eind"])
    assert texts(read_document(text)) == text.split("\n")


def test_a_page_starts_at_a_line_with_exactly_one_space() -> None:
    document = read_document(
        "\n".join(["een", "", " twee", "  drie", " ", "vier", "vijf", " zesde", *"abcdefgh"])
    )
    assert pages(document)[:8] == [1, 1, 2, 2, 2, 2, 2, 3]


def test_a_first_line_that_starts_a_page_starts_the_first() -> None:
    assert pages(read_document("\n een\ntwee\ndrie\n")) == [1, 1, 1, 1]


def test_pieces_of_a_rotated_label_start_no_page() -> None:
    lines = ["een regel", "", " A", "fr", "", "ik", "a", " ", "nog een regel", "slot", "slot", "slot"]
    assert set(pages(read_document("\n".join(lines)))) == {1}


def test_a_text_that_is_indented_as_a_whole_has_no_page_starts() -> None:
    assert set(pages(read_document("\n".join(f" regel {number}" for number in range(40))))) == {1}


def test_a_form_feed_starts_a_page_and_stays_in_its_line() -> None:
    document = read_document("een\n\f twee\n drie\nvier\f\nvijf\n\f\n\nzes\n\f")
    assert texts(document) == ["een", "\f twee", " drie", "vier\f", "vijf", "\f", "", "zes"]
    assert pages(document) == [1, 2, 2, 2, 3, 4, 4, 4]


def test_form_feeds_count_empty_pages() -> None:
    assert pages(read_document("\f\feen\n\f\ftwee\n")) == [1, 3]


def test_a_printed_number_starts_its_page_and_numbers_all_others() -> None:
    document = read_document(
        "\n".join([" een", "a", "b", " twee", "c", "d", "Pagina 14 van 15 ", "e", "f", " vier", "g", "h"])
    )
    assert pages(document) == [1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4]
    assert document.page_labels == ("12", "13", "14", "15")
    assert document.label(3) == "14"


def test_no_label_beyond_the_last_page() -> None:
    document = read_document("Pagina 2 van 2\neen\ntwee\ndrie\nvier\n vijf\nzes\nzeven\nacht\n")
    assert document.page_labels == ("2", None)


def test_numbers_at_the_foot_close_their_pages() -> None:
    document = read_document("een\n\nPagina 3 van 9\ntwee\n\nPagina 4 van 9\n")
    assert pages(document) == [1, 1, 1, 2, 2, 2]
    assert document.page_labels == ("3", "4")


def test_a_number_beside_another_page_start_starts_none() -> None:
    lines = [" een", "Pagina 1 van 9", "a", "b", "c", "Pagina 2 van 9", " drie", "Pagina 3 van 9", *"defghij"]
    document = read_document("\n".join(lines))
    assert pages(document)[:8] == [1, 1, 1, 1, 1, 1, 2, 2]


def test_where_numbers_disagree_only_printed_ones_are_labels() -> None:
    document = read_document("\f een\nPagina 5 van 9\n\f twee\n\f drie\nPagina 9 van 9\n")
    assert document.page_labels == ("5", None, "9")


def test_numbers_in_a_sentence_are_none() -> None:
    document = read_document("Zie Pagina 5 van 9 hierna\n")
    assert document.page_labels == (None,)


def test_a_text_without_page_starts_is_one_page() -> None:
    document = read_document("een\ntwee\n")
    assert document.page_labels == (None,)
    assert pages(document) == [1, 1]


@pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf", b" \n\n\f\n"])
def test_an_empty_file_is_refused(data: bytes) -> None:
    assert "empty" in str(refusal(data))


def test_utf16_is_refused_by_name() -> None:
    for encoding in ("utf-16", "utf-16-be"):
        data = "\ufeff".encode(encoding) * (encoding == "utf-16-be") + "een\ntwee".encode(encoding)
        assert "UTF-16" in str(refusal(data))


def test_nul_bytes_are_refused_with_their_line() -> None:
    assert refusal("een\ntwee".encode("utf-16-le")).line == 1
    assert refusal(b"een\ntw\0ee\n").line == 2


def test_noise_is_refused() -> None:
    noise = bytes(1 + number % 255 for number in range(5000))
    assert refusal(noise.replace(b"\x81", b"a"))
    assert "control" in str(refusal(b"ab\x01\x02\x03\x04\x05" * 20))


def test_bytes_without_meaning_are_refused_with_their_line() -> None:
    assert refusal(b"een\nge\xefnd \x81\n").line == 2


def test_damaged_utf8_is_not_taken_for_windows_1252() -> None:
    damaged = "Libië en Israël en Syrië\nOekraïne".encode().replace("ï".encode(), b"\xc3")
    assert refusal(damaged).line == 2


def test_a_text_of_over_five_megabytes_is_refused() -> None:
    assert "too large" in str(refusal(b"een regel\n" * 550_000))


def test_more_lines_than_any_report_has_are_refused() -> None:
    assert "10,001 lines" in str(refusal("een\n" * 10_001))
    assert len(read_document("een\n" * 10_000).lines) == 10_000


def test_a_line_of_over_a_hundred_thousand_characters_is_refused() -> None:
    assert refusal("een\n" + "a" * 100_001).line == 2
    assert read_document("een\n" + "a" * 100_000)


@needs_full
def test_the_full_text() -> None:
    data = FULL.read_bytes()
    document = read_document(data)
    assert len(document.lines) == 1672
    assert "\n".join(texts(document)) + "\n" == data.decode()
    starts = [line.number for line in document.lines if line.page != 1]
    firsts = [next(n for n in starts if document.lines[n - 1].page == page) for page in range(2, 18)]
    assert firsts == [85, 172, 263, 365, 465, 560, 661, 768, 873, 971, 1079, 1178, 1277, 1358, 1414, 1578]
    assert document.page_labels == tuple(str(number) for number in range(4, 21))


def test_a_pdf_without_any_text_is_refused() -> None:
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>"
    assert "pictures" in str(refusal(pdf([b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>", page])))
