"""Acquisition: finds the report of a year among what parliament was sent, and downloads it.

Before the first stage, and pure like one: services and time come in as arguments, and so does the
reading of a document (`read`: bytes → lines), because this package imports no stage. It knows where
documents are listed and what an edition looks like; it never writes to `raw/`, which is for the floor
above. The services could not be reached where this was written: their shapes are from documentation.
"""

from pipelines.acquire.download import Unusable, download
from pipelines.acquire.model import Candidate, Downloaded, Found, Judged, Window
from pipelines.acquire.record import RECORD, entered, entry, fetches
from pipelines.acquire.scoring import score
from pipelines.acquire.searching import WAYS, Search, find
from pipelines.acquire.transport import Transport

__all__ = [
    "RECORD",
    "WAYS",
    "Candidate",
    "Downloaded",
    "Found",
    "Judged",
    "Search",
    "Transport",
    "Unusable",
    "Window",
    "download",
    "entered",
    "entry",
    "fetches",
    "find",
    "score",
]
