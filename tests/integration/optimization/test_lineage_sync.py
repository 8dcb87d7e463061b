"""`burnish lineage sync` writes the lineage into Neo4j, and may be run again (PRODUCT O7)."""

import re
from typing import Any

import pytest

from burnish.lineage_sync import Source, Target, statements, sync
from burnish_shared.errors import BadRequest, Unavailable
from tests.embedded.stack import Stack
from tests.fakes.bolt_server import BoltServer, bolt_server
from tests.integration.optimization.conftest import Desk
from tests.integration.optimization.test_generations import served
from tests.integration.optimization.test_lineage import LINEAGE, grown
from tests.integration.optimization.test_test_runs import books
from tests.pace import within

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("O7")]

MERGE_NODE = re.compile(r"UNWIND \$rows AS row MERGE \(n:(\w+) \{key: row\.key\}\) SET n \+= row\.properties")
MERGE_EDGE = re.compile(
    r"UNWIND \$rows AS row MATCH \(a:(\w+) \{key: row\.child\}\), \(b:(\w+) \{key: row\.parent\}\) "
    r"MERGE \(a\)-\[r:([A-Z_]+)\]->\(b\) SET r\.job_id = row\.job_id"
)


def written(server: BoltServer) -> tuple[dict[tuple[str, str], dict[str, Any]], set[tuple[str, str, str]]]:
    """What the queries leave in a database that merges: nodes by label and key, edges between nodes that are there."""
    nodes: dict[tuple[str, str], dict[str, Any]] = {}
    edges: set[tuple[str, str, str]] = set()
    for query, given in server.ran:
        if found := MERGE_NODE.fullmatch(query):
            for row in given["rows"]:
                nodes.setdefault((found[1], row["key"]), {}).update(row["properties"])
        elif found := MERGE_EDGE.fullmatch(query):
            for row in given["rows"]:
                assert (found[1], row["child"]) in nodes and (found[2], row["parent"]) in nodes
                edges.add((row["child"], found[3].lower(), row["parent"]))
        else:
            assert query.startswith("CREATE CONSTRAINT") and not given
    return nodes, edges


async def test_a_lineage_arrives_whole_and_twice_is_the_same_as_once(stack: Stack, desk: Desk) -> None:
    await grown(stack, desk)
    graph = await served(desk, "GET", f"{LINEAGE}/graph")
    workspace = str(desk.caller.workspace.workspace_id)
    async with bolt_server(password="secret") as neo4j:
        source, target = Source(desk.caller.url, desk.caller.key), Target(neo4j.uri, ("neo4j", "secret"))
        done = await sync(source, target)
        assert done == {"prompts": 2, "nodes": len(graph["nodes"]), "edges": len(graph["edges"])}
        once = written(neo4j)
        assert await sync(source, target) == done and written(neo4j) == once
    nodes, edges = once
    assert {key for _, key in nodes} == {f"{workspace}/{one['id']}" for one in graph["nodes"]}
    assert edges == {(f"{workspace}/{one['child']}", one["kind"], f"{workspace}/{one['parent']}") for one in graph["edges"]}
    assert nodes["PromptVersion", f"{workspace}/tickets@1"]["labels"] == ["production"]
    assert all("score" in properties for properties in nodes.values()), "none takes away one that was written before"


async def test_one_prompt_may_be_written_without_its_candidates(stack: Stack, desk: Desk) -> None:
    await grown(stack, desk)
    async with bolt_server() as neo4j:
        done = await sync(Source(desk.caller.url, desk.caller.key, ("tickets",), candidates=False), Target(neo4j.uri, None))
        assert done["prompts"] == 1 and {label for label, _ in written(neo4j)[0]} == {"PromptVersion"}


async def test_what_goes_wrong_is_said_in_words(stack: Stack, desk: Desk) -> None:
    async with bolt_server(password="secret", refuses="PromptVersion") as neo4j:
        source = Source(desk.caller.url, desk.caller.key)
        with pytest.raises(Unavailable, match="could not take it"):
            await sync(source, Target(neo4j.uri, ("neo4j", "wrong")))
        with pytest.raises(Unavailable, match="refused"):
            await sync(source, Target(neo4j.uri, ("neo4j", "secret")))
        with pytest.raises(BadRequest, match="key"):
            await sync(Source(desk.caller.url, "bk_nobody"), Target(neo4j.uri, ("neo4j", "secret")))
        with pytest.raises(BadRequest, match="--neo4j"):
            await sync(source, Target("ftp://somewhere", None))
        with within(20), pytest.raises(Unavailable, match="could not take it"):  # It is said at once, not after a minute of tries.
            await sync(source, Target("bolt://127.0.0.1:9", None))
        with pytest.raises(Unavailable, match="does not answer"):
            await sync(Source("http://127.0.0.1:9", "k"), Target(neo4j.uri, ("neo4j", "secret")))


async def test_what_a_tenant_wrote_goes_as_a_parameter_and_never_as_a_query() -> None:
    odd = {"key": "w/x", "kind": "version", "properties": {"prompt": "}) DETACH DELETE n //"}}
    edge = {"child": "w/x", "kind": "mutated_from", "parent": "w/x", "job_id": None}
    made = list(statements([odd], [edge, edge | {"kind": "x]->() DELETE"}]))
    assert len(made) == 2 and all("DELETE" not in query for query, _ in made)


async def test_a_chain_that_was_tested_stands_beside_the_versions_that_it_ran(stack: Stack, desk: Desk) -> None:
    step = {"id": "sort", "prompt": "tickets@1", "variables": {"ticket": "variables.ticket"}}
    chain = {"slug": "support", "parameters": {"ticket": {"type": "string"}}, "steps": [step]}
    await served(desk, "POST", "/v1/chains", chain, status=201)
    body = {"chain": "support", "dataset_id": desk.dataset_id, "split": "val"}
    for accuracy in (0.25, 0.75):
        run = (await served(desk, "POST", "/v1/test-runs", body, status=202))["id"]
        await books(
            stack,
            """UPDATE test_runs SET status = 'completed', finished_at = clock_timestamp(), simulated = true,
                      result = jsonb_build_object('metrics', jsonb_build_object('overall_accuracy', $2::float8))
                WHERE test_run_id = $1::text::uuid""",
            run, accuracy,
        )  # fmt: skip
    graph = await served(desk, "GET", f"{LINEAGE}/graph")
    [node] = [one for one in graph["nodes"] if one["kind"] == "chain"]
    assert (node["id"], node["prompt"], node["version"], node["score"], node["simulated"]) == ("chain:support@1", "support", 1, 0.75, True)
    assert [one for one in graph["edges"] if one["kind"] == "runs"] == [
        {"child": "chain:support@1", "kind": "runs", "parent": "tickets@1", "job_id": None}
    ]
    came = await served(desk, "GET", f"{LINEAGE}/descendants?node=1")
    assert "chain:support@1" in [one["id"] for one in came["data"]]
    assert "chain" not in {one["kind"] for one in (await served(desk, "GET", f"{LINEAGE}/ancestors?node=1"))["data"]}
    family = (await served(desk, "GET", f"{LINEAGE}/compare?node=1&with=1"))["a"]
    assert family["edges"]["runs"] == 1 and (family["best"] is None or family["best"]["kind"] != "chain")
    script = (await desk.caller("GET", f"{LINEAGE}/export?format=cypher")).raw.decode()
    assert 'MERGE (n:ChainVersion {id: "chain:support@1"})' in script and "MERGE (a)-[r:RUNS]->(b)" in script
    assert "chain:support@1" in (await desk.caller("GET", f"{LINEAGE}/export?format=graphml")).raw.decode()
    async with bolt_server() as neo4j:
        await sync(Source(desk.caller.url, desk.caller.key), Target(neo4j.uri, None))
        nodes, edges = written(neo4j)
    workspace = str(desk.caller.workspace.workspace_id)
    assert nodes["ChainVersion", f"{workspace}/chain:support@1"]["score"] == 0.75
    assert (f"{workspace}/chain:support@1", "runs", f"{workspace}/tickets@1") in edges


async def test_a_chain_stands_where_its_newest_run_ran_it_and_once_however_many_steps_did(stack: Stack, desk: Desk) -> None:
    await grown(stack, desk)
    steps = [{"id": one, "prompt": "tickets", "variables": {"ticket": "variables.ticket"}} for one in ("sort", "again")]
    chain = {"slug": "twice", "parameters": {"ticket": {"type": "string"}}, "steps": steps}
    await served(desk, "POST", "/v1/chains", chain, status=201)
    for version in (2, 3):
        await served(desk, "PUT", "/v1/prompts/tickets/labels/production", {"version": version})
        body = {"chain": "twice", "dataset_id": desk.dataset_id, "split": "val"}
        run = (await served(desk, "POST", "/v1/test-runs", body, status=202))["id"]
        await books(stack, "UPDATE test_runs SET status = 'completed' WHERE test_run_id = $1::text::uuid", run)
    came = {n: (await served(desk, "GET", f"{LINEAGE}/descendants?node={n}"))["data"] for n in (2, 3)}
    assert ["chain:twice@1" in [one["id"] for one in came[n]] for n in (2, 3)] == [False, True], "its newest run ran version 3 alone"
    edges = [one for one in (await served(desk, "GET", f"{LINEAGE}/graph"))["edges"] if one["kind"] == "runs"]
    assert [(one["child"], one["parent"]) for one in edges] == [("chain:twice@1", "tickets@3")]
