"""What callers are told about lineages."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field

from burnish_gateway.lineage.graph import Comparison, Family, Graph, GraphEdgeKind, Node, NodeKind
from burnish_gateway.wire import ApiModel, Name, Text


class NodeAnswer(BaseModel):
    id: str = Field(
        description="`slug@3` of a version, an id of a candidate, `entry:…` of what was cloned from the marketplace, "
        "`chain:slug@3` of a version of a chain that a test run measured."
    )
    kind: NodeKind
    prompt: str = Field(description="Of a chain its slug.")
    version: int | None
    candidate_id: UUID | None
    line_id: UUID | None = Field(description="The generations that a candidate is of: `GET /v1/generations/{line_id}`.")
    made_by: str | None = Field(description="Source of a version; what made a candidate.")
    model: str | None
    labels: list[str]
    score: float | None = Field(
        description="Accuracy in a version's newest test run by its own model, fitness of a candidate, of a chain how often "
        "the whole of it was right in its newest test run; null: not measured."
    )
    simulated: bool = Field(description="True when `score` was measured with answers of simulated models.")
    created_at: datetime | None


class EdgeAnswer(BaseModel):
    child: str
    kind: GraphEdgeKind = Field(description="`runs`: the chain `child` ran the version `parent` in a step, in its newest test run.")
    parent: str
    job_id: UUID | None


class GraphAnswer(BaseModel):
    workspace_id: UUID
    nodes: list[NodeAnswer]
    edges: list[EdgeAnswer]
    truncated: bool = Field(description="There is more than the 5,000 nodes that are shown, the nearest first.")


class AwayAnswer(NodeAnswer):
    steps: int = Field(description="How far away it is at least.")


class RelativesAnswer(BaseModel):
    node: NodeAnswer
    data: list[AwayAnswer] = Field(description="The nearest first.")
    truncated: bool


class FamilyAnswer(BaseModel):
    """A node with all that came of it."""

    root: NodeAnswer
    nodes: int
    versions: int
    candidates: int
    depth: int = Field(description="Steps to the farthest of them.")
    edges: dict[str, int] = Field(description="How many of each kind.")
    best: NodeAnswer | None = Field(description="The one with the highest score.")


class ComparisonAnswer(BaseModel):
    a: FamilyAnswer
    b: FamilyAnswer
    common_ancestors: list[NodeAnswer] = Field(description="The nearest ones; none where the two have nothing in common.")
    a_steps: int | None = Field(description="From a to the first of them.")
    b_steps: int | None
    shared_descendants: int
    truncated: bool


class CandidateAnswer(BaseModel):
    candidate_id: UUID
    line_id: UUID
    job_id: UUID | None
    base_version: int
    text: str
    first_number: int = Field(description="The generation that it comes first in.")
    made_by: str
    fitness: float | None
    scores: dict[str, float | None]
    evaluations: int
    simulated: bool
    created_at: datetime


class BranchCandidate(ApiModel):
    """A branch that leaves at the version that the search began with, and on it a version with this text."""

    branch: Annotated[Text, Field(min_length=1, max_length=200)]
    message: Annotated[Text, Field(max_length=2_000)] = ""


class CopyCandidate(ApiModel):
    """A prompt of its own whose first version says this text."""

    slug: Annotated[Text, Field(min_length=1, max_length=200)]
    name: Name | None = None


def node_answer(node: Node) -> NodeAnswer:
    return NodeAnswer(**_node(node))


def graph_answer(graph: Graph, *, workspace_id: UUID, truncated: bool) -> GraphAnswer:
    edges = [EdgeAnswer(child=one.child, kind=one.kind, parent=one.parent, job_id=one.job_id) for one in graph.edges]
    nodes = [node_answer(one) for one in graph.nodes.values()]
    return GraphAnswer(workspace_id=workspace_id, nodes=nodes, edges=edges, truncated=truncated)


def relatives_answer(graph: Graph, node: str, away: Mapping[str, int], *, truncated: bool) -> RelativesAnswer:
    data = [AwayAnswer(**_node(graph.nodes[one]), steps=steps) for one, steps in away.items()]
    return RelativesAnswer(node=node_answer(graph.nodes[node]), data=data, truncated=truncated)


def comparison_answer(graph: Graph, found: Comparison, *, truncated: bool) -> ComparisonAnswer:
    return ComparisonAnswer(
        a=_family(graph, found.a),
        b=_family(graph, found.b),
        common_ancestors=[node_answer(graph.nodes[one]) for one in found.common],
        a_steps=found.a_away,
        b_steps=found.b_away,
        shared_descendants=found.shared,
        truncated=truncated,
    )


def _family(graph: Graph, family: Family) -> FamilyAnswer:
    return FamilyAnswer(
        root=node_answer(graph.nodes[family.root]),
        nodes=family.nodes,
        versions=family.versions,
        candidates=family.candidates,
        depth=family.depth,
        edges=dict(family.kinds),
        best=None if family.best is None else node_answer(family.best),
    )


def _node(node: Node) -> dict[str, Any]:
    return {name: getattr(node, name) for name in Node.__slots__} | {"labels": list(node.labels)}
