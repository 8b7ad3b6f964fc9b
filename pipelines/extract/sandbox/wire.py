"""What passes between a call and its child: a length, that many bytes of JSON, then plain bytes.

Only lists, numbers and strings pass: nothing that a damaged or hostile child could have run.
"""

from __future__ import annotations

import json
from typing import IO, Any

from schemas import errors
from schemas.errors import ContractError, JvomError, Problems, UndecidedError

_LENGTH = 8  # bytes, big-endian
_PLAIN = (str, int, float, bool, type(None))


def write(stream: IO[bytes], content: object, data: bytes) -> None:
    """Raises TypeError or ValueError where the content is no JSON."""
    text = json.dumps(content, ensure_ascii=True, separators=(",", ":"), allow_nan=False).encode("ascii")
    stream.write(len(text).to_bytes(_LENGTH, "big"))
    stream.write(text)
    stream.write(data)


def read(message: bytes) -> tuple[Any, bytes]:
    """The JSON and the bytes of a message; raises ValueError where it is none."""
    length = int.from_bytes(message[:_LENGTH], "big")
    end = _LENGTH + length
    if len(message) < end or not length:
        raise ValueError("a message that is cut off")
    return json.loads(message[_LENGTH:end]), message[end:]


def dump_error(error: JvomError) -> dict[str, Any]:
    """An error of the family as JSON, with every problem in it."""
    content: dict[str, Any] = {
        "type": type(error).__name__,
        "message": error.message,
        "file": error.file,
        "page": error.page,
        "line": error.line,
        "hint": error.hint,
    }
    if isinstance(error, Problems):
        content["problems"] = [dump_error(problem) for problem in error.problems]
    if isinstance(error, ContractError):
        content["failures"] = [
            {key: value if isinstance(value, _PLAIN) else str(value) for key, value in failure.items()}
            for failure in error.failures
        ]
    if isinstance(error, UndecidedError):
        content |= {"mission_id": error.mission_id, "alternatives": [dict(way) for way in error.alternatives]}
    return content


def load_error(content: dict[str, Any]) -> JvomError:
    """The error that `dump_error` wrote. Raises ValueError, TypeError or KeyError on anything else."""
    kind = getattr(errors, str(content["type"]), None)
    if not (isinstance(kind, type) and issubclass(kind, JvomError)):
        raise ValueError("no error of the family")
    if kind is Problems:
        return Problems([load_error(problem) for problem in content["problems"] or [{}]])
    place = {
        "file": _of(str, content["file"]),
        "page": _of(int, content["page"]),
        "line": _of(int, content["line"]),
        "hint": _of(str, content["hint"]),
    }
    message = content["message"]
    if not isinstance(message, str):
        raise TypeError("a message is text")
    if kind is ContractError:
        failures = [dict(failure) for failure in content["failures"]]
        return ContractError(message, failures=failures, hint=place["hint"])
    if kind is UndecidedError:
        ways = [
            {_of(str, name): _of(int, figure) for name, figure in way.items()}
            for way in content["alternatives"]
        ]
        return UndecidedError(message, mission_id=str(content["mission_id"]), alternatives=ways, **place)
    return kind(message, **place)


def _of(kind: type, value: Any) -> Any:
    if value is not None and not isinstance(value, kind):
        raise TypeError(f"{value!r} is no {kind.__name__}")
    return value
