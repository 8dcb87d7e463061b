"""Reads the part of Cypher that our export and our sync write, strictly by openCypher 9's grammar for it; anything else raises SyntaxError.

`Store` keeps what the statements would leave in a database: it merges as Neo4j does.
"""

import re
from dataclasses import dataclass, field
from typing import Any

_STRING = r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"'
_TOKEN = re.compile(
    rf"\s+|(?P<string>{_STRING})|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?P<name>[A-Za-z_]\w*)|(?P<mark>\+=|->|[(){{}}\[\]:,=.;-])"
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


@dataclass
class Store:
    """`nodes`: (label, id) → properties; `edges`: (child, type, parent) → properties."""

    nodes: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    edges: dict[tuple[tuple[str, str], str, tuple[str, str]], dict[str, Any]] = field(default_factory=dict)
    constraints: set[str] = field(default_factory=set)

    def run(self, text: str) -> None:
        reader = _Reader(text)
        while not reader.is_over:
            reader.statement(self)


class _Reader:
    def __init__(self, text: str) -> None:
        self.tokens: list[str] = []
        at = 0
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                raise SyntaxError(f"no token at {text[at : at + 30]!r}")
            if match.lastgroup:
                self.tokens.append(match[0])
            at = match.end()
        self.at = 0

    @property
    def is_over(self) -> bool:
        return self.at >= len(self.tokens)

    def statement(self, store: Store) -> None:
        first = self.take()
        if first == "CREATE":
            self.words("CONSTRAINT")
            store.constraints.add(self.take())
            self.words("IF", "NOT", "EXISTS", "FOR")
            self.words("(", "n", ":")
            self.take()
            self.words(")", "REQUIRE", "n", ".", "id", "IS", "UNIQUE")
        elif first == "MERGE":
            node = self.pattern("n")
            self.words("SET", "n", "+=")
            kept = store.nodes.setdefault(node, {}) | self.map()
            store.nodes[node] = {name: value for name, value in kept.items() if value is not None}  # null takes a property away
        elif first == "MATCH":
            child = self.pattern("a")
            self.words(",")
            parent = self.pattern("b")
            self.words("MERGE", "(", "a", ")", "-", "[", "r", ":")
            kind = self.take()
            self.words("]", "->", "(", "b", ")")
            given: dict[str, Any] = {}
            if self.tokens[self.at] == "SET":
                self.words("SET", "r", ".")
                name = self.take()
                self.words("=")
                given[name] = self.value()
            if child in store.nodes and parent in store.nodes:  # a MATCH that finds nothing makes nothing
                store.edges.setdefault((child, kind, parent), {}).update(given)
        else:
            raise SyntaxError(f"a statement begins with {first!r}")
        self.words(";")

    def pattern(self, variable: str) -> tuple[str, str]:
        self.words("(", variable, ":")
        label = self.take()
        found = self.map()
        self.words(")")
        if set(found) != {"id"}:
            raise SyntaxError(f"a node is found by {sorted(found)}")
        return label, found["id"]

    def map(self) -> dict[str, Any]:
        self.words("{")
        found: dict[str, Any] = {}
        while True:
            name = self.take()
            if not re.fullmatch(r"[A-Za-z_]\w*", name):
                raise SyntaxError(f"{name!r} is no name of a property")
            self.words(":")
            found[name] = self.value()
            mark = self.take()
            if mark == "}":
                return found
            if mark != ",":
                raise SyntaxError(f"{mark!r} in a map")

    def value(self) -> Any:
        token = self.take()
        if token.startswith('"'):
            units = re.sub(
                r"\\(u([0-9a-fA-F]{4})|.)", lambda one: chr(int(one[2], 16)) if one[2] else _ESCAPES.get(one[1], one[1]), token[1:-1]
            )
            return units.encode("utf-16", "surrogatepass").decode("utf-16")
        if token in ("true", "false", "null"):
            return None if token == "null" else token == "true"
        return float(token) if "." in token or "e" in token.lower() else int(token)

    def take(self) -> str:
        if self.is_over:
            raise SyntaxError("it ends in the middle of a statement")
        self.at += 1
        return self.tokens[self.at - 1]

    def words(self, *wanted: str) -> None:
        for word in wanted:
            found = self.take()
            if found != word:
                raise SyntaxError(f"{found!r} where {word!r} belongs")
