"""What happens by itself, seen in the real interface: schedule, sensors, and a run that they started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_browser import CHROMIUM, QUIET, ROOT, _answers, _free_port

from tests.acquiring import edition
from tests.forked import unmeasured

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None,
        reason="no Chromium here: install Debian's package chromium to run the browser tests",
    ),
]


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """`jvom ui` with its daemon, on an empty warehouse and one report in raw/."""
    (tmp_path / "raw" / "2025").mkdir(parents=True)
    (tmp_path / "raw" / "2025" / "report.txt").write_bytes(edition())
    port = _free_port()
    where = ["--raw", str(tmp_path / "raw"), "--warehouse", str(tmp_path / "warehouse")]
    process = subprocess.Popen(
        [sys.executable, "-m", "pipelines.cli", "ui", "--port", str(port), *where],
        cwd=ROOT,
        env=unmeasured({**os.environ, "PYTHONPATH": str(ROOT)}),
    )
    try:
        _answers(f"http://127.0.0.1:{port}", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def test_schedule_sensors_and_the_run_they_started_are_visible(address: str) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        page = browser.new_page(viewport={"width": 1600, "height": 1000}, base_url=address)
        page.set_default_timeout(120_000)
        page.goto("/automation")
        for name in ("report_day", "daily_lateness", "edition_watch", "raw_files", "run_failed"):
            page.get_by_text(name, exact=True).first.wait_for()
        page.goto("/runs")
        for tag in ("jvom/cause: file in raw/", "jvom/year: 2025", "jvom/source_sha256"):
            page.get_by_text(tag).first.wait_for()
        browser.close()
