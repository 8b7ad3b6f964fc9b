"""Real servers for a team's installation, each thrown away with its folder: PostgreSQL, SeaweedFS, Redis.

A server's programs may be missing: then the test that asks for it skips, and says what to install.
"""

import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

PATIENCE = 30.0  # seconds that a server may take to answer


def free_port() -> int:
    """A port whose number + 10000 is free too: SeaweedFS speaks gRPC there."""
    while True:
        with ExitStack() as opened:
            one, other = (opened.enter_context(closing(socket.socket())) for _ in range(2))
            one.bind(("127.0.0.1", 0))
            port = int(one.getsockname()[1])
            try:
                other.bind(("127.0.0.1", port + 10_000))
            except (OSError, OverflowError):
                continue
            return port


@dataclass
class Postgres:
    """A server on a socket in `folder` and on a port of this machine."""

    folder: Path
    port: int
    programs: Path
    owner: list[str]

    @property
    def address(self) -> str:
        """What a libpq connection string begins with."""
        return f"host={self.folder} port={self.port} user=postgres"

    def control(self, *arguments: str) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder}"
        more = ["-l", str(self.folder / "log"), "-o", f"{options} -c fsync=off -c max_connections=200"]
        command = [*self.owner, str(self.programs / "pg_ctl"), "-D", str(self.folder / "data"), "-s", "-w"]
        subprocess.run([*command, *more, *arguments], check=True, cwd=self.folder, stdout=subprocess.DEVNULL)

    def run(self, program: str, *arguments: str) -> None:
        """One of PostgreSQL's own programs, such as pg_dump, against this server."""
        where = ["-h", str(self.folder), "-p", str(self.port), "-U", "postgres"]
        found = shutil.which(program) or str(self.programs / program)
        subprocess.run([found, *where, *arguments], check=True, capture_output=True)

    def database(self, name: str) -> str:
        """A new database; gives its connection string."""
        import psycopg

        with psycopg.connect(f"{self.address} dbname=postgres", autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return f"{self.address} dbname={name}"


@contextmanager
def postgres() -> Iterator[Postgres]:
    found = shutil.which("initdb")
    programs = [Path(found)] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not programs:
        pytest.skip("no PostgreSQL server on this machine (Debian: apt-get install postgresql)")
    folder, owner = Path(tempfile.mkdtemp(prefix="jvom-pg-")), _as_owner()
    server = Postgres(folder, free_port(), programs[-1].parent, owner)
    if owner:
        shutil.chown(folder, "postgres")
    try:
        make = [*owner, str(programs[-1]), "-D", str(folder / "data"), "-A", "trust", "-U", "postgres", "-N"]
        subprocess.run(make, check=True, capture_output=True, cwd=folder)
        server.control("start")
        yield server
    finally:
        if (folder / "data" / "postmaster.pid").exists():
            server.control("stop", "-m", "immediate")
        shutil.rmtree(folder, ignore_errors=True)


def _as_owner() -> list[str]:
    """PostgreSQL refuses to run as root, so root lends itself the server's own user."""
    if os.geteuid() != 0:
        return []
    try:
        pwd.getpwnam("postgres")
    except KeyError:
        pytest.skip("running as root, and there is no user postgres to run the server as")
    return ["runuser", "-u", "postgres", "--"]


@dataclass
class Bucket:
    """An S3 service with one bucket, and what its clients need to know in their environment."""

    port: int
    process: subprocess.Popen[bytes]
    name: str = "jvom"
    environment: dict[str, str] = field(default_factory=dict)

    def hang(self) -> None:
        """Connections are taken, and nothing is answered."""
        self.process.send_signal(signal.SIGSTOP)

    def answer(self) -> None:
        self.process.send_signal(signal.SIGCONT)


@contextmanager
def bucket() -> Iterator[Bucket]:
    """SeaweedFS with all its parts in one process."""
    program = shutil.which("weed") or shutil.which(str(Path(os.sys.executable).with_name("weed")))
    if program is None:
        pytest.skip("no SeaweedFS on this machine (./setup team)")
    folder = Path(tempfile.mkdtemp(prefix="jvom-s3-"))
    access, secret = "a-team", "a-secret-of-the-team"
    keys = [{"accessKey": access, "secretKey": secret}]
    allowed = {"name": "jvom", "credentials": keys, "actions": ["Admin", "Read", "Write", "List"]}
    (folder / "s3.json").write_text(json.dumps({"identities": [allowed]}))
    ports = {name: free_port() for name in ("master.port", "volume.port", "filer.port", "s3.port")}
    options = [f"-{name}={port}" for name, port in ports.items()]
    options += [f"-dir={folder}", "-ip=127.0.0.1", "-filer", "-s3", f"-s3.config={folder / 's3.json'}"]
    options += ["-s3.port.iceberg=0", "-s3.port.lance=0", "-master.telemetry=false"]
    options += ["-volume.max=20", "-master.volumeSizeLimitMB=64"]
    command = [program, f"-logdir={folder}", "server", *options]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
    made = Bucket(ports["s3.port"], process)
    made.environment = {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{made.port}",
        "AWS_ACCESS_KEY_ID": access,
        "AWS_SECRET_ACCESS_KEY": secret,
        "AWS_REGION": "us-east-1",
    }
    try:
        _answers(f"http://127.0.0.1:{ports['filer.port']}/")
        _answers(f"http://127.0.0.1:{made.port}/status")
        where = f"http://127.0.0.1:{ports['filer.port']}/buckets/{made.name}/"
        urllib.request.urlopen(urllib.request.Request(where, method="POST"), timeout=PATIENCE).close()
        yield made
    finally:
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def redis() -> Iterator[str]:
    """A Redis server in memory; gives its address."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("no Redis on this machine (Debian: apt-get install redis-server)")
    port = free_port()
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=tempfile.gettempdir())
    try:
        _listens(port)
        yield f"redis://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


@contextmanager
def serving(application: Callable[..., Awaitable[None]]) -> Iterator[str]:
    """An ASGI application at work on this machine; gives its address."""
    import uvicorn

    server = uvicorn.Server(uvicorn.Config(application, log_level="critical", lifespan="off"))
    with socket.create_server(("127.0.0.1", 0)) as opened:
        thread = threading.Thread(target=server.run, args=([opened],), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{opened.getsockname()[1]}"
        server.should_exit = True
        thread.join()


def _answers(address: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            urllib.request.urlopen(address, timeout=PATIENCE).close()
        except urllib.error.HTTPError:
            return  # it refuses, so it is there
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def _listens(port: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with closing(socket.socket()) as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(f"nothing listens on {port}")


class Counting:
    """A proxy in front of a store that counts requests by method, and bytes; `port` is where it listens."""

    def __init__(self, port: int) -> None:
        self.requests: Counter[str] = Counter()
        self.bytes = 0  # of answers
        counting, behind = self, port

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def pass_on(self) -> None:
                counting.requests[self.command] += 1
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                with closing(HTTPConnection("127.0.0.1", behind, timeout=PATIENCE)) as connection:
                    connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
                    for name, value in self.headers.items():
                        connection.putheader(name, value)
                    connection.endheaders(body or None)
                    answer = connection.getresponse()
                    data = answer.read()
                counting.bytes += len(data)
                self.send_response_only(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in ("transfer-encoding", "connection", "content-length"):
                        self.send_header(name, value)
                length = answer.getheader("Content-Length") if self.command == "HEAD" else str(len(data))
                self.send_header("Content-Length", length or "0")
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = pass_on

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = int(self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
