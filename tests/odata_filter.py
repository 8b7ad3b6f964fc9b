"""`$filter` of OData 4, so far as parliament's service documents it: parsed and applied, never ignored.

    accepts = parse("Verwijderd eq false and Kamerstukdossier/any(d:d/Nummer eq 29521)")
    accepts({"Verwijderd": False, "Kamerstukdossier": [{"Nummer": 29521}]})  # True

Comparisons, `and`, `or`, `not`, brackets, `any` over related entities, nested as deep as wanted. A
property that the entity does not have, or anything else unknown, is a ValueError.
"""

from __future__ import annotations

import datetime
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

Scope = Mapping[str, Any]
Accepts = Callable[[Scope], bool]

_TOKEN = re.compile(
    r"\s*(?P<token>'(?:[^']|'')*'|\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)|-?\d+|[A-Za-z_]\w*|[/():,])"
)
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "ge": operator.ge,
    "gt": operator.gt,
    "le": operator.le,
    "lt": operator.lt,
}
_CONSTANTS = {"true": True, "false": False, "null": None}
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT.*")


class _Parser:
    def __init__(self, text: str) -> None:
        self.tokens: list[str] = []
        place = 0
        while place < len(text.rstrip()):
            match = _TOKEN.match(text, place)
            if match is None:
                raise ValueError(f"cannot read {text[place:]!r}")
            self.tokens.append(match["token"])
            place = match.end()

    def next(self, wanted: str | None = None) -> str:
        token = self.tokens.pop(0) if self.tokens else ""
        if not token or (wanted is not None and token != wanted):
            raise ValueError(f"{wanted or 'more'} expected, not {token!r}")
        return token

    def ahead(self) -> str:
        return self.tokens[0] if self.tokens else ""

    def either(self) -> Accepts:
        first = self.both()
        while self.ahead() == "or":
            self.next()
            first = _or(first, self.both())
        return first

    def both(self) -> Accepts:
        first = self.single()
        while self.ahead() == "and":
            self.next()
            first = _and(first, self.single())
        return first

    def single(self) -> Accepts:
        if self.ahead() == "not":
            self.next()
            inner = self.single()
            return lambda scope: not inner(scope)
        if self.ahead() == "(":
            self.next()
            inner = self.either()
            self.next(")")
            return inner
        path = [self.next()]
        while self.ahead() == "/":
            self.next()
            path.append(self.next())
        if path[-1] == "any":
            return self.any_of(path[:-1])
        compare, value = _COMPARE[self.next()], _value(self.next())
        return lambda scope: _compared(compare, _at(scope, path), value)

    def any_of(self, path: list[str]) -> Accepts:
        self.next("(")
        name = self.next()
        self.next(":")
        inner = self.either()
        self.next(")")
        return lambda scope: any(inner({**scope, name: related}) for related in _at(scope, path))


def parse(text: str) -> Accepts:
    """What a filter accepts: a function of one entity."""
    parser = _Parser(text)
    accepts = parser.either()
    if parser.tokens:
        raise ValueError(f"left over: {parser.tokens}")
    return accepts


def _or(first: Accepts, second: Accepts) -> Accepts:
    return lambda scope: first(scope) or second(scope)


def _and(first: Accepts, second: Accepts) -> Accepts:
    return lambda scope: first(scope) and second(scope)


def _compared(compare: Callable[[Any, Any], bool], left: Any, right: Any) -> bool:
    if isinstance(right, datetime.datetime) and isinstance(left, str):
        left = datetime.datetime.fromisoformat(left)
    if left is None or right is None:
        return compare in (operator.eq, operator.ne) and compare(left, right)
    return compare(left, right)


def _at(scope: Scope, path: list[str]) -> Any:
    value: Any = scope
    for name in path:
        if name not in value:
            raise ValueError(f"there is no property {name}")
        value = value[name]
    return value


def _value(token: str) -> Any:
    if token in _CONSTANTS:
        return _CONSTANTS[token]
    if token.startswith("'"):
        return token[1:-1].replace("''", "'")
    if _MOMENT.fullmatch(token):
        return datetime.datetime.fromisoformat(token)
    return int(token)
