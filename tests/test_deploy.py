"""What deploy/ describes, as far as no container engine is needed: its files, and its processes one by one.

The processes run on this machine, each with a warehouse of its own, on real servers (`./setup team`).
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from pipelines import files, store
from pipelines.lake import Lake
from tests.support import ROOT, servers

DEPLOY = ROOT / "deploy"
SECRETS = re.compile(r"\$\{(\w+)(?::\?|:-|\})")


def compose() -> dict[str, Any]:
    """The file with a value for each variable that it takes from deploy/.env."""
    text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    return dict(yaml.safe_load(re.sub(r"\$\{(\w+):[?-]\}", r"of-\1", text)))


def test_the_files_agree_with_each_other() -> None:
    described = compose()
    services = described["services"]
    asked = set(SECRETS.findall((DEPLOY / "compose.yaml").read_text(encoding="utf-8")))
    given = set(re.findall(r"^(\w+)=", (DEPLOY / ".env.example").read_text(encoding="utf-8"), re.M))
    assert asked == given
    for name, service in services.items():
        assert set(service.get("depends_on", {})) <= set(services), name
        assert "healthcheck" in service or service["command"][:2] == ["sh", "-c"], name
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            assert source in described["volumes"] or (DEPLOY / source).is_file(), volume
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ())), name
        assert "/" not in service["image"], name  # no host
    instance = yaml.safe_load((DEPLOY / "dagster.yaml").read_text(encoding="utf-8"))
    named = set(re.findall(r"env: (\w+)", (DEPLOY / "dagster.yaml").read_text(encoding="utf-8")))
    assert named <= set(services["daemon"]["environment"])
    assert instance["storage"]["postgres"]["postgres_db"]["scheme"] == "postgresql+psycopg2"
    dockerfile = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    for copied in re.findall(r"^COPY (.+) \S+$", dockerfile, re.M):
        assert all((ROOT / each).exists() for each in copied.split()), copied
    for policy in ("bucket-policy.json", "bucket-lifecycle.json"):
        assert json.loads((DEPLOY / policy).read_text(encoding="utf-8"))
    chart = yaml.safe_load((DEPLOY / "helm-values.yaml").read_text(encoding="utf-8"))
    (deployed,) = chart["dagster-user-deployments"]["deployments"]
    assert {each["name"] for each in deployed["env"]} >= {"JVOM_STORE", "JVOM_STAGE", "JVOM_CATALOG"}
    assert chart["postgresql"]["postgresqlScheme"] == "postgresql+psycopg2"


class Processes:
    """Processes of compose.yaml, each as on a machine of its own, against servers at other addresses."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder, self.services = folder, compose()["services"]
        self.ports = {name: servers.free_port() for name in ("code", "web-operator")}
        shutil.copytree(DEPLOY, folder / "dagster")
        workspace = folder / "dagster" / "workspace.yaml"
        text = workspace.read_text(encoding="utf-8").replace("host: code", "host: 127.0.0.1")
        workspace.write_text(text.replace("4000", str(self.ports["code"])), encoding="utf-8")
        usual = {name: value for name, value in os.environ.items() if not name.startswith("JVOM_")}
        self.environment = {**usual, **self.services["worker"]["environment"], **environment}
        self.environment["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        self.environment |= {"DAGSTER_HOME": str(folder / "dagster"), "JVOM_HOME": str(ROOT)}
        self.environment["PYTHONPATH"] = f"{folder / 'dagster'}:{ROOT}"
        self.started: list[subprocess.Popen[bytes]] = []

    def start(self, service: str, name: str = "") -> subprocess.Popen[bytes]:
        command = self.services[service]["command"].replace("/opt/dagster", str(self.folder / "dagster"))
        command = command.replace("0.0.0.0", "127.0.0.1").replace("4000", str(self.ports["code"]))
        command = command.replace("3000", str(self.ports.get(service, 0)))
        home = self.folder / (name or service)
        home.mkdir()
        words = [*self._machine(name or service), *shlex.split(command)]
        with (self.folder / f"{name or service}.log").open("wb") as log:
            process = subprocess.Popen(
                words,
                env={**self.environment, "JVOM_WAREHOUSE": str(home)},
                cwd=home,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.started.append(process)
        return process

    def _machine(self, name: str) -> list[str]:
        """What makes it a machine: a host name of its own, and nobody else's folder. Needs root."""
        if os.geteuid() != 0 or shutil.which("unshare") is None:
            return []
        hidden = [
            str(path)
            for path in self.folder.iterdir()
            if path.is_dir() and path.name not in (name, "dagster")
        ]
        hide = "".join(f"mount -t tmpfs none {shlex.quote(path)}; " for path in hidden)
        return ["unshare", "--mount", "--uts", "sh", "-c", f'hostname {name}; {hide}exec "$@"', "sh"]

    def said(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")

    def ask(self, query: str, **variables: object) -> Any:
        """The answer of the operators' webserver to a GraphQL query."""
        address = f"http://127.0.0.1:{self.ports['web-operator']}/graphql"
        answer = httpx.post(address, json={"query": query, "variables": variables}, timeout=60)
        return answer.json()["data"]


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Processes]:
    """Servers, a bucket with this repository's raw/, and nothing of ours started yet."""
    pytest.importorskip("obstore", reason="the packages of a team are not installed (./setup team)")
    with ExitStack() as opened:
        postgres, bucket = (opened.enter_context(make()) for make in (servers.postgres, servers.bucket))
        redis = opened.enter_context(servers.redis())
        environment = {
            **bucket.environment,
            "JVOM_STORE": f"s3://{bucket.name}/team",
            "JVOM_STAGE": f"s3://{bucket.name}/stage",
            "JVOM_CATALOG": f"postgres:{postgres.database('jvom')}",
            **{"DAGSTER_PG_HOST": "127.0.0.1", "DAGSTER_PG_PORT": str(postgres.port)},
            **{"DAGSTER_PG_DB": "dagster", "DAGSTER_PG_USER": "postgres"},
            **{"JVOM_CELERY_BROKER": f"{redis}/0", "JVOM_CELERY_BACKEND": f"{redis}/1"},
        }
        postgres.database("dagster")
        for name, value in bucket.environment.items():
            monkeypatch.setenv(name, value)
        store._bucket.cache_clear()
        for file in (path for path in (ROOT / "raw").rglob("*") if path.is_file()):
            where = store.place(environment["JVOM_STORE"]) / "raw" / str(file.relative_to(ROOT / "raw"))
            files.put(where, file.read_bytes())
        made = Processes(tmp_path, environment)
        try:
            yield made
        finally:
            for process in made.started:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            store._bucket.cache_clear()


RUNS = "{ runsOrError(limit: 9) { ... on Runs { results { runId status tags { key value } } } } }"
EVENTS = """query ($run: ID!) { logsForRun(runId: $run) { ... on EventConnection {
  events { ... on MessageEvent { message } } } } }"""
LAUNCH = """mutation { launchPipelineExecution(executionParams: {
  selector: {repositoryLocationName: "jvom", repositoryName: "__repository__", jobName: "ingest"},
  runConfigData: {}, executionMetadata: {tags: [{key: "dagster/partition", value: "2024"}]}
}) { __typename } }"""


def until(wanted: Callable[[], Any], seconds: float) -> Any:
    deadline = time.monotonic() + seconds
    while True:
        with suppress(httpx.HTTPError, KeyError, TypeError, ValueError):
            if found := wanted():
                return found
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.3)


@pytest.mark.team
def test_a_worker_is_killed_and_another_records_the_edition(team: Processes) -> None:
    team.start("code")
    team.start("web-operator")
    launched = "LaunchRunSuccess"
    until(lambda: team.ask(LAUNCH)["launchPipelineExecution"]["__typename"] == launched, 120)
    team.start("daemon")
    first = team.start("worker", "pod-1")
    until(lambda: "jvom/process" in json.dumps(team.ask(RUNS)), 120)  # its first step is at work
    os.killpg(first.pid, signal.SIGKILL)
    killed = time.monotonic()
    team.start("worker", "pod-2")
    until(lambda: "FAILURE" in json.dumps(team.ask(RUNS)), 120)
    assert time.monotonic() - killed < 60
    lake = Lake(team.environment["JVOM_CATALOG"], f"{team.environment['JVOM_STORE']}/lake/data/")
    until(lambda: 2024 in lake.edition_states(), 180)
    lake.close()
    runs = team.ask(RUNS)["runsOrError"]["results"]
    events = [team.ask(EVENTS, run=run["runId"]) for run in runs]
    assert "was ended: its process" in json.dumps(events)
    if team._machine("x"):
        assert "on pod-1 is gone" in json.dumps(events)
    said = [team.said(name) for name in ("code", "web-operator", "daemon", "pod-1", "pod-2")]
    for secret in (team.environment["AWS_SECRET_ACCESS_KEY"], "of-DAGSTER_PG_PASSWORD"):
        assert secret not in "".join([json.dumps(runs), json.dumps(events), *said])
