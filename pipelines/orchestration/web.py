"""Dagster's web server for this machine's own pages: what another site asks of it is refused.

A page from anywhere can have a browser send requests to a loopback address, also one that starts a run;
and a name that is rebound to that address could read every answer. So the Host must be a name of this
machine, an Origin the server itself, and a query does not come by GET, which needs no Origin.

Below `/site` are the pages of the site, linked in metadata; their Origin is none, so that they ask nothing.
`python -m pipelines.orchestration.web OPTIONS` is `dagster-webserver`, with `dev` before them it is
`dagster dev`; a bare `dagster dev` has no such check.
"""

import mimetypes
import posixpath
import sys
from collections.abc import Callable, Sequence
from typing import Any

from dagster._cli import dev
from dagster_webserver import app, cli
from dagster_webserver.webserver import DagsterWebserver
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from pipelines import settings
from schemas.errors import JvomError

SITE = "/site"
NAMES = ("127.0.0.1", "localhost", "[::1]")


class OwnPagesOnly:
    """Refuses with 403, and a websocket by closing it."""

    def __init__(self, application: ASGIApp) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        reason = foreign(scope) if scope["type"] in ("http", "websocket") else None
        if reason is None:
            await self._application(scope, receive, send)
        elif scope["type"] == "http":
            await PlainTextResponse(f"refused: {reason}\n", status_code=403)(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008, "reason": reason})


def foreign(scope: Scope) -> str | None:
    """Why a request is not one of this server's own pages; None if it is."""
    headers = Headers(scope=scope)
    host, origin = headers.get("host", ""), headers.get("origin")
    if host.rpartition(":")[0] not in NAMES and host not in NAMES:
        return "the Host is not this machine"
    if origin is not None and origin != f"http://{host}":
        return "the Origin is another site"
    if scope["type"] == "http" and scope["method"] == "GET" and scope["path"].endswith("/graphql"):
        return "queries are sent by POST" if scope["query_string"] else None
    return None


def page(request: Request) -> Response:
    """A file of the site as it is published now."""
    name = posixpath.normpath(f"/{request.path_params['path']}").lstrip("/")  # nothing above the folder
    try:
        data = (settings.find().site / name).read_bytes()
    except (OSError, JvomError):
        return PlainTextResponse(f"the site has no {name}: jvom build makes it\n", status_code=404)
    headers = {"Content-Security-Policy": "sandbox allow-scripts allow-popups"}
    return Response(data, headers=headers, media_type=mimetypes.guess_type(name)[0])


class _Server(DagsterWebserver[Any, Any]):
    def build_routes(self) -> list[BaseRoute]:
        return [Route(f"{SITE}/{{path:path}}", page), *super().build_routes()]  # type: ignore[no-untyped-call]

    def build_middleware(self) -> list[Middleware]:
        return [Middleware(OwnPagesOnly), *super().build_middleware()]


def _instead(start: Callable[..., Any]) -> Callable[..., Any]:
    """Starts a child of `dagster dev`; in place of Dagster's web server this one."""

    def run(command: Sequence[str], **options: Any) -> Any:
        return start([__spec__.name if part == "dagster_webserver" else part for part in command], **options)

    return run


if __name__ == "__main__":
    vars(app)["DagsterWebserver"] = _Server
    if sys.argv[1:2] == ["dev"]:
        vars(dev)["open_ipc_subprocess"] = _instead(vars(dev)["open_ipc_subprocess"])
        dev.dev_command(args=sys.argv[2:], prog_name="dagster dev")
    else:
        cli.main()  # type: ignore[no-untyped-call]
