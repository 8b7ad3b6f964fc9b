"""What Dagster's web server refuses: whatever a page of another site can have a browser send."""

import asyncio
from pathlib import Path
from urllib.parse import unquote

import httpx
import pytest
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from pipelines.orchestration import web
from pipelines.orchestration.web import OwnPagesOnly, foreign
from tests.support.cases import cases


async def answering(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"answered"})


@cases("method", "path", "headers", "status")
def test_only_this_servers_own_pages_are_answered(
    method: str, path: str, headers: dict[str, str], status: int
) -> None:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(OwnPagesOnly(answering))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:3000") as client:
            return await client.request(method, path, headers=headers)

    answer = asyncio.run(ask())
    assert (answer.status_code, answer.text.startswith("refused: ")) == (status, status == 403)


@pytest.mark.parametrize(("path", "status"), [("a.html", 200), ("../b.html", 404), ("%2e%2e/b.html", 404)])
def test_pages_of_the_site_are_there_and_can_ask_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, status: int
) -> None:
    (tmp_path / "site").mkdir()
    for name in ("site/a.html", "b.html"):
        (tmp_path / name).write_text("here")
    monkeypatch.setenv("JVOM_WAREHOUSE", str(tmp_path))
    scope: Scope = {"type": "http", "method": "GET", "path_params": {"path": unquote(path)}, "headers": []}
    answer = web.page(Request(scope))
    assert answer.status_code == status
    if status == 200:
        assert answer.headers["content-security-policy"].startswith("sandbox ")
        assert answer.media_type == "text/html"


def test_a_websocket_of_another_site_is_closed() -> None:
    scope = {"type": "websocket", "path": "/graphql", "query_string": b""}
    own = [(b"host", b"localhost:3000"), (b"origin", b"http://localhost:3000")]
    assert foreign({**scope, "headers": own}) is None
    assert foreign({**scope, "headers": [own[0], (b"origin", b"http://example.org")]})
