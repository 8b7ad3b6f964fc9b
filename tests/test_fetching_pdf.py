"""An edition that parliament sent as a PDF, from an empty warehouse to the box of a figure on its page."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

from pipelines import raw
from schemas import registry
from tests.rendering_report import ABRIDGED, read_tables
from tests.renditions.real import content_of, drawn
from tests.support import Jvom
from tests.support.parliament import Parliament, send

REPORTLAB = 2  # a seed of the renderer that needs no library of the system


def test_a_pdf_is_found_locked_read_published_and_traced_to_its_box(tmp_path: Path, jvom: Jvom) -> None:
    tables = read_tables(ABRIDGED.read_bytes())
    body = drawn(content_of(tables, registry.load().layouts[0]), REPORTLAB).data
    (tmp_path / "raw").mkdir()
    where = ("--raw", tmp_path / "raw", "--warehouse", tmp_path / "warehouse", "--json")
    with Parliament() as parliament:
        os.environ.update(parliament.environment)
        report = send(parliament, body, day="2024-05-15")
        done = jvom("fetch", 2024, "--build", *where)
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    assert told["fetched"]["path"] == f"raw/2024/{report.entity['DocumentNummer']}.pdf"
    assert told["fetched"]["new"]
    (entry,) = raw.lock_entries(tmp_path / "raw")[2024]
    assert (entry.sha256, entry.format) == (hashlib.sha256(body).hexdigest(), "pdf")
    shown = jvom("trace", "untso", 2024, "deployed_military", *where)
    assert shown.returncode == 0, shown.stderr
    (reading,) = json.loads(shown.stdout)["readings"]
    (cell,) = reading["cells"]
    (piece,) = cell["pieces"]
    assert (cell["value"], piece["marked"], piece["page"]) == ("32", "32", 2)
    box = piece["box"]
    assert 0 < box["x0"] < box["x1"] < 1200
    assert 0 < box["y0"] < box["y1"] < 1200
