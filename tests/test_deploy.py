"""What deploy/ describes, as far as no container engine is needed: its files, and its processes one by one.

The processes run on this machine, each with a warehouse of its own, on real servers (`./setup team`).
"""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from pipelines import files, store
from pipelines.lake import Lake
from tests.support import ROOT, more_than_usual, servers

DEPLOY = ROOT / "deploy"
GRACE = 10.0  # seconds that processes are given to end by themselves
SECRETS = re.compile(r"\$\{(\w+)(?::\?|:-|\})")


def compose() -> dict[str, Any]:
    """The file with a value for each variable that it asks of deploy/.env, and none for the others."""
    text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    with_secrets = re.sub(r"\$\{(\w+):\?\}", r"of-\1", text)
    return dict(yaml.safe_load(re.sub(r"\$\{\w+:-(.*?)\}", r'"\1"', with_secrets)))


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
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    locks = "".join(
        (ROOT / name).read_text(encoding="utf-8") for name in re.findall(r"\S+\.lock", dockerfile)
    )
    wanted = [*project["dependencies"], *project["optional-dependencies"]["team"]]
    named = {re.split(r"[^\w-]", each.lower())[0] for each in wanted}
    assert named <= set(re.findall(r"^([\w-]+)", locks, re.M))
    for policy in ("bucket-policy.json", "bucket-lifecycle.json"):
        assert json.loads((DEPLOY / policy).read_text(encoding="utf-8"))
    chart = yaml.safe_load((DEPLOY / "helm-values.yaml").read_text(encoding="utf-8"))
    (deployed,) = chart["dagster-user-deployments"]["deployments"]
    assert {each["name"] for each in deployed["env"]} >= {"JVOM_STORE", "JVOM_STAGE", "JVOM_CATALOG"}
    assert chart["postgresql"]["postgresqlScheme"] == "postgresql+psycopg2"


# Names that the chart's own schema has, where it forbids others.
CHART = {
    "computeLogManager": "type config",
    "dagsterDaemon": "enabled image runCoordinator heartbeatTolerance env envConfigMaps envSecrets "
    "deploymentLabels labels nodeSelector affinity tolerations podSecurityContext securityContext resources "
    "livenessProbe readinessProbe startupProbe annotations runMonitoring runRetries sensors schedules "
    "schedulerName volumeMounts volumes",
    "dagsterDaemon.runCoordinator": "enabled type config",
    "dagsterDaemon.runCoordinator.config.queuedRunCoordinator": "maxConcurrentRuns tagConcurrencyLimits "
    "dequeueIntervalSeconds dequeueNumWorkers dequeueUseThreads",
    "pythonLogs": "pythonLogLevel managedPythonLoggers dagsterHandlerConfig",
    "retention": "enabled sensor schedule autoMaterialize",
    "retention.sensor.purgeAfterDays": "skipped success failure started",
    "runLauncher": "type config",
    "runLauncher.config.k8sRunLauncher": "image imagePullPolicy jobNamespace loadInclusterConfig "
    "kubeconfigFile envConfigMaps envSecrets envVars volumeMounts volumes labels failPodOnRunFailure "
    "resources schedulerName securityContext runK8sConfig",
}


def snake(value: Any) -> Any:
    """A value with its names as the chart's templates write them into Dagster's own file."""
    if not isinstance(value, dict):
        return value
    return {re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower(): snake(each) for name, each in value.items()}


@pytest.mark.team
def test_the_values_are_the_charts_own_and_give_what_dagster_takes() -> None:
    launchers = pytest.importorskip("dagster_k8s", reason="the packages of a team are not installed")
    from dagster import Shape
    from dagster._config import validate_config
    from dagster._core.instance.config import dagster_instance_config_schema

    chart = yaml.safe_load((DEPLOY / "helm-values.yaml").read_text(encoding="utf-8"))
    for place, names in CHART.items():
        found = chart
        for part in place.split("."):
            found = found[part]
        assert set(found) <= set(names.split()), place
    daemon, retention = chart["dagsterDaemon"], chart["retention"]
    instance = {
        "run_monitoring": snake(daemon["runMonitoring"]),
        "run_retries": snake(daemon["runRetries"]),
        "retention": {name: snake(retention[name]) for name in ("schedule", "sensor")},
        "telemetry": chart["telemetry"],
        "python_logs": {"dagster_handler_config": chart["pythonLogs"]["dagsterHandlerConfig"]},
    }
    assert validate_config(Shape(dagster_instance_config_schema()), instance).errors in (None, [])
    ours = yaml.safe_load((DEPLOY / "dagster.yaml").read_text(encoding="utf-8"))
    for name in ("run_monitoring", "run_retries", "python_logs", "telemetry"):
        assert instance[name] == ours[name], name
    launcher = snake(chart["runLauncher"]["config"]["k8sRunLauncher"])
    launcher["env_secrets"] = [secret["name"] for secret in launcher["env_secrets"]]
    launcher |= {"service_account_name": "jvom", "instance_config_map": "jvom-instance", "dagster_home": "/"}
    schema = Shape(launchers.K8sRunLauncher.config_type())
    assert validate_config(schema, launcher).errors in (None, [])


class Processes:
    """Processes of compose.yaml, each as on a machine of its own, against servers at other addresses."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder, self.services = folder, compose()["services"]
        self.ports = {name: servers.free_port() for name in ("code", "web-operator", "auditor")}
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

    def start(self, service: str, name: str = "", at_once: int = 2) -> subprocess.Popen[bytes]:
        """One process; a worker does so many things at once."""
        command = self.services[service]["command"].replace("/opt/dagster", str(self.folder / "dagster"))
        command = command.replace("0.0.0.0", "127.0.0.1").replace("4000", str(self.ports["code"]))
        command = command.replace("3000", str(self.ports.get(service, 0)))
        command = command.replace("--concurrency 2", f"--concurrency {at_once}")
        command = command.replace("--max-tasks-per-child 1", "")  # else each step loads the libraries anew
        return self.run(name or service, *shlex.split(command))

    def run(self, name: str, *words: str) -> subprocess.Popen[bytes]:
        """A process on a machine of that name."""
        home = self.folder / name
        home.mkdir()
        with (self.folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                [*self._machine(name), *words],
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

    def ask(self, query: str, of: str = "web-operator", **variables: object) -> Any:
        """The answer of the operators' webserver, or another, to a GraphQL query."""
        address = f"http://127.0.0.1:{self.ports[of]}/graphql"
        answer = httpx.post(address, json={"query": query, "variables": variables}, timeout=60)
        return answer.json()["data"]


@dataclass
class Installation:
    """The processes of a team, and the servers that they are on."""

    processes: Processes
    bucket: servers.Bucket
    lake: Lake


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installation]:
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
        lake = Lake(environment["JVOM_CATALOG"], f"{environment['JVOM_STORE']}/lake/data/")
        try:
            yield Installation(made, bucket, lake)
        finally:
            bucket.answer()
            lake.close()
            for process in made.started:  # `jvom ui` then ends what it has started, in another session
                process.terminate()
            deadline = time.monotonic() + GRACE
            while time.monotonic() < deadline and any(each.poll() is None for each in made.started):
                time.sleep(0.2)
            for process in made.started:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            store._bucket.cache_clear()


RUNS = "{ runsOrError { ... on Runs { results { runId jobName status tags { key value } } } } }"
EVENTS = """query ($run: ID!) { logsForRun(runId: $run) { ... on EventConnection {
  events { ... on MessageEvent { message stepKey } } } } }"""


def until(wanted: Callable[[], Any], seconds: float, pause: float = 1.0) -> Any:
    deadline = time.monotonic() + seconds
    while True:
        with suppress(httpx.HTTPError, LookupError, TypeError, ValueError):
            if found := wanted():
                return found
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(pause)


WHOLE_RUNS = pytest.mark.skipif(
    not more_than_usual(), reason="of the two ways the harder is tried; --hypothesis-profile=wide tries both"
)


@pytest.mark.team
@pytest.mark.parametrize("steps", ["celery", pytest.param("in_process", marks=WHOLE_RUNS)])
def test_a_worker_killed_in_its_commit_is_followed_by_another(team: Installation, steps: str) -> None:
    """Of whole runs on workers, and of steps that are on another machine than what leads their run."""
    processes, bucket, lake = team.processes, team.bucket, team.lake
    processes.environment["JVOM_EXECUTOR"] = steps

    def said(run: dict[str, Any], step: str = "") -> list[str]:
        """What the run's log says, or that of one step."""
        events = processes.ask(EVENTS, run=run["runId"])["logsForRun"]["events"]
        return [event["message"] for event in events if step in (event["stepKey"] or "")]

    def runs() -> list[dict[str, Any]]:
        """The latest first; a sensor requests the one that there is to begin with."""
        found = processes.ask(RUNS)["runsOrError"]["results"]
        return [run for run in found if run["jobName"] == "ingest"]

    for service in ("code", "web-operator", "daemon"):
        processes.start(service)
    auditor = str(processes.ports["auditor"])
    processes.run("auditor", sys.executable, "-m", "pipelines.cli", "ui", "--read-only", "--port", auditor)
    working = first = processes.start("worker", "pod-1", at_once=1)  # only one of a run and its steps
    lake.begin()
    with lake.writer():
        until(lambda: [run["status"] for run in runs()] == ["STARTED"], 120)
        if steps == "celery":
            working = processes.start("worker", "pod-2")
        until(lambda: any("Started execution" in line for line in said(runs()[-1], "snapshot")), 120)
    until(lake.holder, 60, pause=0.05)
    bucket.hang()  # so that its commit does not end
    os.killpg(working.pid, signal.SIGKILL)
    bucket.answer()
    processes.start(
        "worker", "pod-3", at_once=2
    )  # with the place that the dead run led from: two runs and a step
    until(lambda: 2024 in lake.edition_states(), 120)
    assert (first.poll() is None) == (steps == "celery")
    followed, ended = runs()[0], runs()[-1]
    assert said(followed, "snapshot")
    assert said(followed, "source") == []  # it went on from what is in the stage
    (why,) = [line for line in said(ended) if "was ended: its process" in line]
    if processes._machine("x"):
        assert f"on pod-{1 if steps == 'in_process' else 2} is gone" in why
    # By `jvom ui` on a machine of its own, with the history, the record and the files on the servers.
    seen = until(lambda: processes.ask(EVENTS, of="auditor", run=ended["runId"]), 60)
    assert seen == processes.ask(EVENTS, run=ended["runId"])
    shown = json.dumps([runs(), *(processes.ask(EVENTS, run=run["runId"]) for run in runs())])
    logs = [processes.said(file.stem) for file in processes.folder.glob("*.log")]
    for secret in (processes.environment["AWS_SECRET_ACCESS_KEY"], "of-DAGSTER_PG_PASSWORD"):
        assert secret not in "".join([shown, *logs])
