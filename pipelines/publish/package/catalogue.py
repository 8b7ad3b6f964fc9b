"""dcat.ttl: the record by which data portals take the package in (DCAT-AP-NL 3.0, Turtle).

Addresses are relative to the record, so that it holds wherever the package is put. The release is one
dataset, with each table as a part: the distributions of a part say the same in two formats.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING
from urllib.parse import quote

from pipelines.publish.package.release import Release
from schemas import dataset

if TYPE_CHECKING:
    from pipelines.publish.package.tables import TableFile

_AUTHORITY = "http://publications.europa.eu/resource/authority"
_MEDIA = "https://www.iana.org/assignments/media-types"
_LANGUAGES = {"nl": f"<{_AUTHORITY}/language/NLD>", "en": f"<{_AUTHORITY}/language/ENG>"}
_FORMATS = {
    "csv": (f"<{_MEDIA}/text/csv>", f"<{_AUTHORITY}/file-type/CSV>"),
    "parquet": (f"<{_MEDIA}/application/vnd.apache.parquet>", f"<{_AUTHORITY}/file-type/PARQUET>"),
    "json": (f"<{_MEDIA}/application/json>", f"<{_AUTHORITY}/file-type/JSON>"),
}
_PREFIXES = {
    "adms": "http://www.w3.org/ns/adms#",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "spdx": "http://spdx.org/rdf/terms#",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}

Statements = list[tuple[str, str]]  # predicate, object


def describe(release: Release, written: Sequence[TableFile]) -> bytes:
    """The record as Turtle."""
    parts = [(name, list(files)) for name, files in groupby(written, key=lambda file: file.contract.name)]
    blocks = [
        "\n".join(f"@prefix {name}: <{address}> ." for name, address in _PREFIXES.items()),
        _node("<#catalogue>", _catalogue(release, [name for name, _ in parts])),
        _node("<#dataset>", _whole(release, [name for name, _ in parts])),
        _node("<#dataset-package>", [*_distribution("datapackage.json", "json")]),
    ]
    for name, files in parts:
        blocks.append(_node(f"<#{name}>", _part(release, files)))
        blocks += [
            _node(f"<#{name}-{file.format}>", [*_distribution(file.path, file.format), *_content(file)])
            for file in files
        ]
    blocks += _terms()
    return ("\n\n".join(blocks) + "\n").encode()


def _catalogue(release: Release, parts: Sequence[str]) -> Statements:
    whole = dataset.load()
    return [
        ("a", "dcat:Catalog"),
        *_in_languages("dct:title", whole.title),
        *_in_languages("dct:description", whole.description),
        ("dct:publisher", "<#publisher>"),
        ("dct:creator", "<#publisher>"),
        ("dcat:contactPoint", "<#contact>"),
        ("dct:license", f"<{whole.licence.address}>"),
        ("dct:issued", _date(release)),
        ("dct:modified", _date(release)),
        *(("dct:language", language) for language in _LANGUAGES.values()),
        *(("dcat:dataset", f"<#{part}>") for part in ("dataset", *parts)),
    ]


def _whole(release: Release, parts: Sequence[str]) -> Statements:
    whole = dataset.load()
    addresses = [row["source_url"] for row in release.editions if row["source_url"]]
    return [
        *_common(release, "dataset"),
        *_in_languages("dct:title", whole.title),
        *_in_languages("dct:description", whole.description),
        *(
            ("dcat:keyword", _text(word, language))
            for language, words in whole.keywords.items()
            for word in words
        ),
        *(("dct:hasPart", f"<#{part}>") for part in parts),
        *(("dct:source", _address(address)) for address in addresses),
        ("dcat:distribution", "<#dataset-package>"),
    ]


def _part(release: Release, files: Sequence[TableFile]) -> Statements:
    contract = files[0].contract
    return [
        *_common(release, contract.name),
        ("dct:title", _text(contract.name, "en")),
        ("dct:description", _text(contract.documentation, "en")),
        ("dct:isPartOf", "<#dataset>"),
        *(("dcat:distribution", f"<#{contract.name}-{file.format}>") for file in files),
    ]


def _common(release: Release, name: str) -> Statements:
    """What the profile asks of every dataset."""
    found: Statements = [
        ("a", "dcat:Dataset"),
        ("dct:identifier", _text(f"{dataset.load().name}:{release.release_id}:{name}")),
        ("dcat:version", _text(release.release_id)),
        ("dct:accessRights", f"<{_AUTHORITY}/access-right/PUBLIC>"),
        ("dct:publisher", "<#publisher>"),
        ("dct:creator", "<#publisher>"),
        ("dcat:contactPoint", "<#contact>"),
        ("dcat:theme", f"<{_AUTHORITY}/data-theme/GOVE>"),
        ("dct:accrualPeriodicity", f"<{_AUTHORITY}/frequency/ANNUAL>"),
        ("dct:issued", _date(release)),
        ("dct:modified", _date(release)),
        *(("dct:language", language) for language in _LANGUAGES.values()),
    ]
    if release.period:
        start, end = (f'"{day}"^^xsd:date' for day in release.period)
        found.append(
            ("dct:temporal", f"[ a dct:PeriodOfTime ; dcat:startDate {start} ; dcat:endDate {end} ]")
        )
    return found


def _distribution(path: str, kind: str) -> Iterator[tuple[str, str]]:
    media, file_type = _FORMATS[kind]
    yield "a", "dcat:Distribution"
    yield "dct:title", _text(path)
    yield "dcat:accessURL", f"<{path}>"
    yield "dcat:downloadURL", f"<{path}>"
    yield "dct:license", f"<{dataset.load().licence.address}>"
    yield "dcat:mediaType", media
    yield "dct:format", file_type


def _content(file: TableFile) -> Iterator[tuple[str, str]]:
    yield "dcat:byteSize", f'"{len(file.data)}"^^xsd:nonNegativeInteger'
    value = f'"{file.sha256}"^^xsd:hexBinary'
    algorithm = "spdx:checksumAlgorithm_sha256"
    yield (
        "spdx:checksum",
        f"[ a spdx:Checksum ; spdx:algorithm {algorithm} ; spdx:checksumValue {value} ]",
    )


def _terms() -> Iterator[str]:
    """Publisher, contact, and the terms of public code lists with the class that each has there."""
    publisher, licence = dataset.load().publisher, dataset.load().licence
    yield _node("<#publisher>", [("a", "foaf:Agent"), ("foaf:name", _text(publisher.name))])
    reached = "vcard:hasEmail" if publisher.contact.startswith("mailto:") else "vcard:hasURL"
    contact = _address(publisher.contact) if publisher.contact else "<.>"
    yield _node("<#contact>", [("a", "vcard:Kind"), ("vcard:fn", _text(publisher.name)), (reached, contact)])
    for term, kind in (
        (f"<{licence.address}>", "dct:LicenseDocument"),
        (f"<{_AUTHORITY}/access-right/PUBLIC>", "dct:RightsStatement"),
        (f"<{_AUTHORITY}/frequency/ANNUAL>", "dct:Frequency"),
        *((language, "dct:LinguisticSystem") for language in _LANGUAGES.values()),
        *((media, "dct:MediaType") for media, _ in _FORMATS.values()),
        *((file_type, "dct:MediaTypeOrExtent") for _, file_type in _FORMATS.values()),
    ):
        yield _node(term, [("a", kind)])
    theme = [("a", "skos:Concept"), ("skos:prefLabel", _text("Government and public sector", "en"))]
    yield _node(f"<{_AUTHORITY}/data-theme/GOVE>", theme)


def _node(subject: str, statements: Statements) -> str:
    return f"{subject}\n  " + " ;\n  ".join(f"{predicate} {value}" for predicate, value in statements) + " ."


def _in_languages(predicate: str, texts: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for language, text in texts.items():
        yield predicate, _text(text, language)


def _text(text: str, language: str = "") -> str:
    """A literal; JSON's escapes are among Turtle's."""
    return json.dumps(text, ensure_ascii=False) + (f"@{language}" if language else "")


def _address(address: str) -> str:
    """An address from a document as an IRI: what could end it is escaped."""
    return f"<{quote(address, safe=':/?#[]@!$&()*+,;=%~')}>"


def _date(release: Release) -> str:
    return f'"{release.published_at.date()}"^^xsd:date'
