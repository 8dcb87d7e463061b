"""Copies lineages into Neo4j: nodes and relationships are merged by what names them, so that it may be run again at any time."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import aiohttp

from burnish_shared.errors import BadRequest, Unavailable
from burnish_shared.refusal import StartRefused

LABELS: Final = {"version": "PromptVersion", "candidate": "Candidate", "published": "PublishedPrompt", "chain": "ChainVersion"}
KINDS: Final = frozenset(
    {"derived_from", "mutated_from", "branch_of", "crossover_of", "cherry_picked_from", "cloned_from", "compressed_from", "runs"}
)
ROWS_AT_ONCE: Final = 1_000
TIMEOUT_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Source:
    """Where the lineage is read. `prompts` empty: all of the key's workspace."""

    url: str
    key: str
    prompts: tuple[str, ...] = ()
    candidates: bool = True


@dataclass(frozen=True, slots=True)
class Target:
    """`auth` None: Neo4j asks for none."""

    uri: str
    auth: tuple[str, str] | None
    database: str | None = None


async def sync(source: Source, target: Target) -> dict[str, int]:
    """Returns how many prompts, nodes and edges are there now. Raises StartRefused without the driver, BadRequest, Unavailable."""
    driver = _driver(target)
    try:
        prompts, nodes, edges = await _read(source)
        await asyncio.to_thread(_write, driver, target, nodes, edges)
    finally:
        await asyncio.to_thread(driver.close)
    return {"prompts": prompts, "nodes": len(nodes), "edges": len(edges)}


def statements(nodes: Sequence[dict[str, Any]], edges: Sequence[dict[str, Any]]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Cypher with the rows that it takes. Labels and types are ours; what tenants wrote goes as parameters."""
    by_kind: dict[str, list[dict[str, Any]]] = defaultdict(list)
    kind_of = {}
    for one in nodes:
        kind_of[one["key"]] = one["kind"]
        by_kind[one["kind"]].append({"key": one["key"], "properties": one["properties"]})
    for kind, label in LABELS.items():
        if kind in by_kind:
            yield f"UNWIND $rows AS row MERGE (n:{label} {{key: row.key}}) SET n += row.properties", by_kind[kind]
    by_type: dict[tuple[str, str, str], list[dict[str, Any]]] = defaultdict(list)
    for edge in edges:
        if edge["kind"] in KINDS:
            by_type[kind_of[edge["child"]], edge["kind"], kind_of[edge["parent"]]].append(edge)
    for (child, kind, parent), rows in sorted(by_type.items()):
        yield (
            f"UNWIND $rows AS row MATCH (a:{LABELS[child]} {{key: row.child}}), (b:{LABELS[parent]} {{key: row.parent}}) "
            f"MERGE (a)-[r:{kind.upper()}]->(b) SET r.job_id = row.job_id",
            rows,
        )


def _driver(target: Target) -> Any:
    try:
        from neo4j import GraphDatabase  # an extra, and half a second that no other command should pay
        from neo4j.exceptions import DriverError
    except ImportError as error:
        raise StartRefused("Neo4j's driver is not installed: pip install 'burnish[neo4j]'.") from error
    try:
        return GraphDatabase.driver(target.uri, auth=target.auth, connection_timeout=TIMEOUT_S, max_transaction_retry_time=TIMEOUT_S)
    except (DriverError, ValueError, TypeError) as error:
        raise BadRequest(f"--neo4j: {error}") from error


def _write(driver: Any, target: Target, nodes: Sequence[dict[str, Any]], edges: Sequence[dict[str, Any]]) -> None:
    """Constraints first, so that a merge finds by an index; then nodes, then what lies between them."""
    from neo4j.exceptions import DriverError, Neo4jError

    try:
        driver.verify_connectivity()  # else it is tried again for a minute, under warnings of the driver
        for label in LABELS.values():
            query = f"CREATE CONSTRAINT burnish_{label.lower()} IF NOT EXISTS FOR (n:{label}) REQUIRE n.key IS UNIQUE"
            driver.execute_query(query, database_=target.database)
        for query, rows in statements(nodes, edges):
            for start in range(0, len(rows), ROWS_AT_ONCE):
                driver.execute_query(query, rows=rows[start : start + ROWS_AT_ONCE], database_=target.database)
    except (DriverError, Neo4jError) as error:
        raise Unavailable(f"Neo4j at {target.uri} could not take it: {error}") from error


async def _read(source: Source) -> tuple[int, list[dict[str, Any]], list[dict[str, Any]]]:
    """Every node and edge once, whichever prompts they were found from."""
    nodes: dict[str, dict[str, Any]] = {}
    edges: dict[tuple[str, str, str], dict[str, Any]] = {}
    headers = {"authorization": f"Bearer {source.key}"}
    async with aiohttp.ClientSession(headers=headers, timeout=aiohttp.ClientTimeout(total=TIMEOUT_S)) as http:
        slugs = source.prompts or await _slugs(http, source.url)
        for slug in slugs:
            graph = await _get(http, f"{source.url}/v1/prompts/{slug}/lineage/graph?candidates={str(source.candidates).lower()}")
            workspace = graph["workspace_id"]
            for one in graph["nodes"]:
                key = f"{workspace}/{one['id']}"
                nodes[key] = {"key": key, "kind": one["kind"], "properties": _properties(one) | {"workspace": workspace}}
            for one in graph["edges"]:
                child, parent = f"{workspace}/{one['child']}", f"{workspace}/{one['parent']}"
                edges[child, one["kind"], parent] = {"child": child, "kind": one["kind"], "parent": parent, "job_id": one["job_id"]}
    return len(slugs), list(nodes.values()), list(edges.values())


async def _slugs(http: aiohttp.ClientSession, url: str) -> list[str]:
    slugs: list[str] = []
    cursor: str | None = None
    while True:
        page = await _get(http, f"{url}/v1/prompts?limit=200" + (f"&cursor={cursor}" if cursor else ""))
        slugs += [one["slug"] for one in page["data"]]
        cursor = page["next_cursor"]
        if cursor is None:
            return slugs


async def _get(http: aiohttp.ClientSession, url: str) -> Any:
    try:
        async with http.get(url) as answer:
            body = await answer.json(content_type=None)
            if answer.status != 200:
                told = body.get("error") if isinstance(body, dict) else None
                why = told.get("message") if isinstance(told, dict) else f"it answered {answer.status}"
                raise BadRequest(f"{url.partition('?')[0]}: {why}")
            return body
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise Unavailable(f"Burnish at {url.partition('/v1')[0]} does not answer: {error}") from error


def _properties(node: dict[str, Any]) -> dict[str, Any]:
    """Plain values and lists of them: Neo4j keeps no others. None takes away what was written before."""
    return {name: value for name, value in node.items() if name != "kind"}
