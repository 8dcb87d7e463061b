"""A graph of versions and candidates, and what can be asked of it. Pure; every answer is a walk over the edges, each edge once."""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from burnish_shared.contracts.generations import EdgeKind

NodeKind = Literal["version", "candidate", "published", "chain"]
GraphEdgeKind = EdgeKind | Literal["runs"]


@dataclass(frozen=True, slots=True)
class Node:
    """`id`: `slug@3` of a version, the id of a candidate, `entry:…` of what was published elsewhere and cloned from there,
    `chain:slug@3` of a version of a chain that was tested; `prompt` is then the chain's slug.

    `score`: of a version its accuracy in the newest test run by its own model, of a candidate its fitness, of a
    chain how often the whole of it was right; None where nothing measured it.
    `simulated`: it was measured with answers of simulated models.
    """

    id: str
    kind: NodeKind
    prompt: str
    version: int | None = None
    candidate_id: UUID | None = None
    line_id: UUID | None = None
    made_by: str | None = None
    model: str | None = None
    labels: tuple[str, ...] = ()
    score: float | None = None
    simulated: bool = False
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Edge:
    """`child` comes from `parent`; a chain that `runs` a version in a step comes of it."""

    child: str
    kind: GraphEdgeKind
    parent: str
    job_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Family:
    """A node with all that came of it."""

    root: str
    nodes: int
    versions: int
    candidates: int
    depth: int
    kinds: Mapping[str, int]
    best: Node | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two nodes beside each other. `common`: their nearest common ancestors; `shared`: how many descendants they have in common."""

    a: Family
    b: Family
    common: tuple[str, ...]
    a_away: int | None
    b_away: int | None
    shared: int


class Graph:
    """Nodes by id, and edges both ways. Edges that touch an unknown node are left out."""

    def __init__(self, nodes: Iterable[Node], edges: Iterable[Edge]) -> None:
        self.nodes = {one.id: one for one in nodes}
        self.edges = [one for one in dict.fromkeys(edges) if one.child in self.nodes and one.parent in self.nodes]
        self._up: dict[str, list[str]] = {}
        self._down: dict[str, list[str]] = {}
        for edge in self.edges:
            self._up.setdefault(edge.child, []).append(edge.parent)
            self._down.setdefault(edge.parent, []).append(edge.child)

    def ancestors(self, node: str) -> dict[str, int]:
        """Each with how many steps it is away at least, the nearest first; not the node itself."""
        return _away(node, self._up)

    def descendants(self, node: str) -> dict[str, int]:
        return _away(node, self._down)

    def common_ancestors(self, a: str, b: str) -> list[str]:
        """The nearest ones: those that are the ancestor of no other common one. Of a node and its ancestor, the ancestor."""
        sides = [{node: 0} | self.ancestors(node) for node in (a, b)]
        common = sides[0].keys() & sides[1].keys()
        passed: set[str] = set()
        for node in common:
            passed |= self.ancestors(node).keys() if node not in passed else set()
        return sorted(common - passed, key=lambda node: (sides[0][node] + sides[1][node], node))

    def within(self, ids: Iterable[str]) -> "Graph":
        """The part of it that these nodes are."""
        kept = set(ids)
        return Graph([one for one in self.nodes.values() if one.id in kept], [e for e in self.edges if {e.child, e.parent} <= kept])

    def family(self, root: str) -> Family:
        away = {root: 0} | self.descendants(root)
        members = [self.nodes[one] for one in away]
        kinds: dict[str, int] = {}
        for edge in self.edges:
            if edge.child in away and edge.parent in away:
                kinds[edge.kind] = kinds.get(edge.kind, 0) + 1
        measured = [one for one in members if one.score is not None and (one.kind != "chain" or one.id == root)]
        return Family(
            root=root,
            nodes=len(members),
            versions=sum(one.kind == "version" for one in members),
            candidates=sum(one.kind == "candidate" for one in members),
            depth=max(away.values()),
            kinds=kinds,
            best=max(measured, key=lambda one: (one.score or 0.0, one.id), default=None),
        )

    def compare(self, a: str, b: str) -> Comparison:
        """Two families, where they part, and what they share."""
        common = self.common_ancestors(a, b)
        up = [{node: 0} | self.ancestors(node) for node in (a, b)]
        down = [{node, *self.descendants(node)} for node in (a, b)]
        away = [None if not common else side[common[0]] for side in up]
        return Comparison(self.family(a), self.family(b), tuple(common), away[0], away[1], len(down[0] & down[1]))


def _away(start: str, neighbours: Mapping[str, list[str]]) -> dict[str, int]:
    away = {start: 0}
    ahead = deque([start])
    while ahead:
        node = ahead.popleft()
        for one in neighbours.get(node, ()):
            if one not in away:
                away[one] = away[node] + 1
                ahead.append(one)
    del away[start]
    return away
