"""The Dagster interface as an auditor sees it: real server, real browser, and `dagster dev` by the README."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import ROOT, copied, copy_project
from tests.support.forked import unmeasured
from tests.support.parliament import edition

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser


@contextmanager
def interface(browser: Browser, *options: str) -> Iterator[Page]:
    """`jvom ui` with these options, in a page of headless Chromium; it ends and leaves no process behind."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "pipelines.cli", "ui", "--json", "--port", str(port), *options]
    environment = unmeasured({**os.environ, "PYTHONPATH": str(ROOT)})
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE) as process:
        try:
            answer(f"{address}/server_info", process)
            page = browser.new_page(viewport={"width": 1600, "height": 1000}, base_url=address)
            page.set_default_timeout(120_000)
            yield page
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(120) == 0
        assert process.stdout is not None
        document = json.loads(process.stdout.read())
    assert document["address"] == address
    for _ in range(300):
        try:
            os.killpg(document["process"], 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    pytest.fail("a process of its group is left")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answer(request: str | urllib.request.Request, process: subprocess.Popen[bytes]) -> bytes:
    """What the process answers, once it does."""
    for _ in range(240):
        assert process.poll() is None, "it ended by itself"
        try:
            with urllib.request.urlopen(request, timeout=5) as response:
                return bytes(response.read())
        except OSError:
            time.sleep(0.5)
    pytest.fail("it did not answer within two minutes")


@pytest.fixture(scope="module")
def page(browser: Browser, built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """On a copy of the built warehouse: Dagster touches its history even if it is read-only."""
    warehouse = shutil.copytree(built, tmp_path_factory.mktemp("interface") / "warehouse")
    with interface(browser, "--read-only", "--warehouse", str(warehouse)) as opened:
        yield opened


LINEAGE = "/assets/views/mission_trends?view=lineage&lineageScope=upstream&lineageDepth=9"


@pytest.mark.parametrize(
    ("path", "exact", "within"),
    [
        (LINEAGE, ("source", "document", "personnel", "snapshot", "lake", "mission_trends"), ()),
        ("/assets/views/mission_trends", ("deployed_total_computed",), ("← personnel.deployed_military",)),
        (
            "/assets/tables/personnel?view=checks",
            ("2024",),
            ("every row keeps the contract", "failing_rows"),
        ),
        ("/runs", (), ("jvom/actor", "partition: 2024")),
        ("/overview", ("Timeline", "ingest", "publish"), ()),
    ],
    ids=["lineage", "columns", "failing rows of a check", "who ran it, and why", "runs on the timeline"],
)
def test_an_auditor_sees(page: Page, path: str, exact: tuple[str, ...], within: tuple[str, ...]) -> None:
    page.goto(path)
    for text in (*exact, *within):
        page.get_by_text(text, exact=text in exact).first.wait_for()


def test_a_table_links_to_the_page_of_its_figures(page: Page) -> None:
    page.goto("/assets/tables/personnel?view=overview&partition=2024")
    link = page.get_by_role("link", name="/site/en/evidence/2024.html").first
    with page.context.expect_page() as opened:
        link.click(modifiers=["Control"])
    opened.value.get_by_text("UNTSO").first.wait_for()


def test_schedule_sensors_and_the_run_they_started_are_visible(browser: Browser, tmp_path: Path) -> None:
    """With the daemon, on an empty warehouse and one report in raw/."""
    raw = tmp_path / "raw" / "2025"
    raw.mkdir(parents=True)
    (raw / "report.txt").write_bytes(edition())
    where = ("--raw", str(raw.parent), "--warehouse", str(tmp_path / "warehouse"))
    with interface(browser, *where) as page:
        page.goto("/automation")
        for name in ("report_day", "daily_lateness", "edition_watch", "raw_files", "run_failed"):
            page.get_by_text(name, exact=True).first.wait_for()
        page.goto("/runs")
        for tag in ("jvom/cause: file in raw/", "jvom/year: 2025", "jvom/source_sha256"):
            page.get_by_text(tag).first.wait_for()


QUERY = """{
  workspaceOrError { ... on Workspace { locationEntries { name loadStatus } } }
  runsOrError { ... on Runs { results { jobName status } } }
}"""


def ask(port: int, process: subprocess.Popen[bytes]) -> Any:
    """The answer of the interface's GraphQL, as soon as it gives one: its code locations, and its runs."""
    body, headers = json.dumps({"query": QUERY}).encode(), {"Content-Type": "application/json"}
    data = json.loads(
        answer(urllib.request.Request(f"http://127.0.0.1:{port}/graphql", body, headers), process)
    )
    runs = {(run["jobName"], run["status"]) for run in data["data"]["runsOrError"]["results"]}
    return data["data"]["workspaceOrError"]["locationEntries"], runs


SHOWN = ([{"name": "jvom", "loadStatus": "LOADED"}], {("ingest", "SUCCESS"), ("publish", "SUCCESS")})


def test_dagster_dev_by_the_line_in_the_readme_shows_the_same_history(built: Path, tmp_path: Path) -> None:
    """In a copy of the project, so that the line runs unchanged, on its own warehouse/."""
    project = tmp_path / "project"
    copy_project(project)
    copied(built, project)
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    (line,) = [line for line in lines if "dagster dev" in line and line.startswith("DAGSTER_HOME=")]
    port = free_port()
    command = line.replace(".venv/bin/", f"{Path(sys.executable).parent}/") + f" -p {port}"
    process = subprocess.Popen(
        ["bash", "-c", command],
        cwd=project,
        env=unmeasured(os.environ) | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        shown = ask(port, process)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        # A suite started with SIGINT ignored hands that on, and Dagster then ignores SIGTERM as well.
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    assert shown == SHOWN
