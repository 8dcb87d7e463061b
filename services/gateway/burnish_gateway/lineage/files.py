"""A lineage as a file: GraphML for graph tools, Cypher for Neo4j and its kin. Pure."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from burnish_gateway.lineage.graph import Graph, Node
from burnish_shared.moments import in_utc

LABELS: Final = {"version": "PromptVersion", "candidate": "Candidate", "published": "PublishedPrompt", "chain": "ChainVersion"}


def graphml(graph: Graph) -> bytes:
    """Nodes with their properties, edges from child to parent with their kind. Ids of keys and of edges are unique in the file: names are
    not, for nodes and edges both have a `kind`, and a node may have come of several."""
    import networkx  # takes a third of a second, and only this needs it

    made = networkx.MultiDiGraph()
    for node in graph.nodes.values():
        made.add_node(node.id, **properties(node))
    for number, edge in enumerate(graph.edges):
        made.add_edge(edge.child, edge.parent, key=f"e{number}", kind=edge.kind, **({"job_id": str(edge.job_id)} if edge.job_id else {}))
    return ("\n".join(networkx.generate_graphml(made)) + "\n").encode()


def cypher(graph: Graph) -> bytes:
    """Statements that may be run again: each node and each relationship is merged by what names it."""
    lines = [
        f"CREATE CONSTRAINT burnish_{label.lower()} IF NOT EXISTS FOR (n:{label}) REQUIRE n.id IS UNIQUE;" for label in LABELS.values()
    ]
    for node in graph.nodes.values():
        lines.append(f"MERGE (n:{LABELS[node.kind]} {{id: {literal(node.id)}}}) SET n += {_map(_every(node))};")
    for edge in graph.edges:
        child, parent = graph.nodes[edge.child], graph.nodes[edge.parent]
        given = f" SET r.job_id = {literal(str(edge.job_id))}" if edge.job_id else ""
        lines.append(
            f"MATCH (a:{LABELS[child.kind]} {{id: {literal(edge.child)}}}), (b:{LABELS[parent.kind]} {{id: {literal(edge.parent)}}}) "
            f"MERGE (a)-[r:{edge.kind.upper()}]->(b){given};"
        )
    return ("\n".join(lines) + "\n").encode()


def properties(node: Node) -> dict[str, Any]:
    """Plain values alone: what is not there is left out."""
    return {name: value for name, value in _every(node).items() if value is not None}


def _every(node: Node) -> Mapping[str, Any]:
    """Also what is not there, by which Cypher takes away what was there when it was run before."""
    return {
        "kind": node.kind,
        "prompt": None if node.kind == "chain" else node.prompt,
        "chain": node.prompt if node.kind == "chain" else None,
        "version": node.version,
        "line_id": str(node.line_id) if node.line_id else None,
        "made_by": node.made_by,
        "model": node.model,
        "labels": ", ".join(node.labels) or None,
        "score": node.score,
        "simulated": node.simulated or None,
        "created_at": in_utc(node.created_at) if node.created_at else None,
    }


def literal(value: Any) -> str:
    """A Cypher literal: its strings know JSON's escapes (openCypher 9, StringLiteral)."""
    return json.dumps(value, ensure_ascii=True)


def _map(values: Mapping[str, Any]) -> str:
    return "{" + ", ".join(_pairs(values.items())) + "}"


def _pairs(items: Iterable[tuple[str, Any]]) -> list[str]:
    return [f"{name}: {literal(value)}" for name, value in items]
