"""The Dagster interface as an auditor sees it: real server, real browser, a warehouse that was built."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.forked import unmeasured

if TYPE_CHECKING:
    from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None,
        reason="no Chromium here: install Debian's package chromium to run the browser tests",
    ),
]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(address: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(240):
        assert process.poll() is None, "the interface ended by itself"
        try:
            with urllib.request.urlopen(f"{address}/server_info", timeout=5):
                return
        except OSError:
            time.sleep(0.5)
    pytest.fail("the interface did not answer within two minutes")


@pytest.fixture(scope="module")
def address(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`jvom ui --read-only` on a copy of the built warehouse: Dagster touches its history all the same."""
    warehouse = shutil.copytree(built, tmp_path_factory.mktemp("shown") / "warehouse")
    port = _free_port()
    command = [sys.executable, "-m", "pipelines.cli", "ui", "--read-only", "--port", str(port)]
    process = subprocess.Popen(
        [*command, "--warehouse", str(warehouse)],
        cwd=ROOT,
        env=unmeasured({**os.environ, "PYTHONPATH": str(ROOT)}),
    )
    try:
        _answers(f"http://127.0.0.1:{port}", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


@pytest.fixture(scope="module")
def page(address: str) -> Iterator[Page]:
    """A page of headless Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        opened = browser.new_page(viewport={"width": 1600, "height": 1000}, base_url=address)
        opened.set_default_timeout(60_000)
        yield opened
        browser.close()


def test_lineage_leads_from_source_to_trend_views(page: Page) -> None:
    page.goto("/assets/views/mission_trends?view=lineage&lineageScope=upstream&lineageDepth=9")
    for name in ("source", "document", "personnel", "snapshot", "lake", "mission_trends"):
        page.get_by_text(name, exact=True).first.wait_for()


def test_columns_are_described_with_where_they_come_from(page: Page) -> None:
    page.goto("/assets/views/mission_trends")
    page.get_by_text("deployed_total_computed", exact=True).first.wait_for()
    page.get_by_text("← personnel.deployed_military", exact=False).first.wait_for()


def test_checks_carry_their_table_of_failing_rows(page: Page) -> None:
    page.goto("/assets/tables/personnel?view=checks")
    page.get_by_text("every row keeps the contract").first.wait_for()
    page.get_by_text("failing_rows").first.wait_for()
    page.get_by_text("2024", exact=True).first.wait_for()


def test_runs_of_the_command_line_are_shown_with_who_and_why(page: Page) -> None:
    page.goto("/runs")
    page.get_by_text("jvom/actor").first.wait_for()
    page.get_by_text("partition: 2024").first.wait_for()
