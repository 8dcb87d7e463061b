"""Versions and candidates are one graph, read by one statement (PRODUCT O7)."""

import io
import json
from typing import Any
from uuid import UUID

import networkx
import pytest

from burnish_gateway.lineage import store
from burnish_shared.db.session import Database
from burnish_shared.ids import new_uuid
from tests.embedded.stack import Stack
from tests.fakes.cypher_reader import Store
from tests.integration.optimization.conftest import Desk
from tests.integration.optimization.test_generations import FIRST, SECOND, B, C, rows_of, served, start_job, write

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("O7")]

LINEAGE = "/v1/prompts/tickets/lineage"


async def grown(stack: Stack, desk: Desk) -> str:
    """Three versions, a copy, and a search of four candidates. Returns the id of the crossover."""
    for version, text in ((1, "Sort it."), (1, "Sort them.")):
        body = {"base_version": version, "messages": [{"role": "system", "content": text}], "branch": f"b{len(text)}"}
        await served(desk, "POST", "/v1/prompts/tickets/branches", {"branch": body["branch"], "version": 1}, status=201)
        await served(desk, "POST", "/v1/prompts/tickets/versions", body, status=201)
    await served(desk, "POST", "/v1/prompts/tickets/versions/2/copy", {"slug": "copied"}, status=201)
    job_id = await start_job(desk)
    await write(stack, desk, job_id, FIRST, SECOND)
    graph = await served(desk, "GET", f"{LINEAGE}/graph")
    [crossover] = [one["id"] for one in graph["nodes"] if one["made_by"] == "crossover"]
    return str(crossover)


async def test_versions_copies_and_candidates_are_one_graph(stack: Stack, desk: Desk) -> None:
    crossover = await grown(stack, desk)
    graph = await served(desk, "GET", f"{LINEAGE}/graph")
    assert {one["id"] for one in graph["nodes"] if one["kind"] == "version"} == {"tickets@1", "tickets@2", "tickets@3", "copied@1"}
    assert len([one for one in graph["nodes"] if one["kind"] == "candidate"]) == 4 and not graph["truncated"]
    assert ("copied@1", "cloned_from", "tickets@2") in {(one["child"], one["kind"], one["parent"]) for one in graph["edges"]}
    assert [one["labels"] for one in graph["nodes"] if one["id"] == "tickets@1"] == [["production"]]
    assert {(one["child"], one["kind"], one["parent"]) for one in graph["edges"] if one["kind"] == "branch_of"} == {
        ("tickets@2", "branch_of", "tickets@1"), ("tickets@3", "branch_of", "tickets@1"),
    }  # fmt: skip
    marked = {one["id"] for one in graph["nodes"] if one["simulated"]}
    assert marked == {one["id"] for one in graph["nodes"] if one["kind"] == "candidate" and one["score"] is not None} != set()
    neo4j = Store()
    neo4j.run((await desk.caller("GET", f"{LINEAGE}/export?format=cypher")).raw.decode())
    assert {key[1] for key, node in neo4j.nodes.items() if node.get("simulated")} == marked
    await rows_of(stack, "UPDATE generation_lines SET simulated = false WHERE workspace_id = $1", desk.caller.workspace.workspace_id)
    assert not any(one["simulated"] for one in (await served(desk, "GET", f"{LINEAGE}/graph"))["nodes"])
    versions = await served(desk, "GET", f"{LINEAGE}/graph?candidates=false")
    assert len(versions["nodes"]) == 4

    up = await served(desk, "GET", f"{LINEAGE}/ancestors?node={crossover}")
    assert [one["steps"] for one in up["data"]] == [1, 1, 2, 3] and up["data"][-1]["id"] == "tickets@1"
    down = await served(desk, "GET", f"{LINEAGE}/descendants?node=1&candidates=false")
    assert {one["id"]: one["steps"] for one in down["data"]} == {"tickets@2": 1, "tickets@3": 1, "copied@1": 2}
    beside = await served(desk, "GET", f"{LINEAGE}/compare?node=copied@1&with={crossover}")
    assert [one["id"] for one in beside["common_ancestors"]] == ["tickets@1"] and (beside["a_steps"], beside["b_steps"]) == (2, 3)
    assert beside["b"]["best"]["score"] == 0.9
    for wrong, status in (("nothing", 422), ("99", 404), (str(new_uuid()), 404), ("absent@1", 404)):
        await served(desk, "GET", f"{LINEAGE}/ancestors?node={wrong}", status=status)


async def test_what_is_saved_on_a_branch_and_what_is_taken_from_it_and_what_is_shortened_say_so(desk: Desk) -> None:
    """Each by the operation that a person does, and each in the exports too."""
    await served(desk, "POST", "/v1/prompts/tickets/branches", {"branch": "side", "version": 1}, status=201)
    for base, text in ((1, "Please sort it with great care.\nAnswer with one name."), (2, "Please sort it.\nAnswer with one name.")):
        body = {"base_version": base, "branch": "side", "messages": [{"role": "system", "content": text}], "temperature": 0.25 * base}
        await served(desk, "POST", "/v1/prompts/tickets/versions", body, status=201)
    picked = {"base_version": 1, "parts": ["temperature"]}
    await served(desk, "POST", "/v1/prompts/tickets/versions/3/cherry-pick", picked, status=201)
    shorter = await served(desk, "POST", "/v1/prompts/tickets/versions/2/compress", {"save": True})
    graph = await served(desk, "GET", f"{LINEAGE}/graph")
    edges = {(one["child"], one["kind"], one["parent"]) for one in graph["edges"]}
    assert edges == {
        ("tickets@2", "branch_of", "tickets@1"), ("tickets@3", "derived_from", "tickets@2"), ("tickets@4", "derived_from", "tickets@1"),
        ("tickets@4", "cherry_picked_from", "tickets@3"), ("tickets@5", "compressed_from", "tickets@2"),
    }, (shorter, edges)  # fmt: skip
    read = networkx.read_graphml(io.BytesIO((await desk.caller("GET", f"{LINEAGE}/export?format=graphml")).raw))
    assert {(a, one["kind"], b) for a, b, one in read.edges(data=True)} == edges
    neo4j = Store()
    neo4j.run((await desk.caller("GET", f"{LINEAGE}/export?format=cypher")).raw.decode())
    assert {(a[1], kind.lower(), b[1]) for a, kind, b in neo4j.edges} == edges


async def test_the_graph_opens_elsewhere(stack: Stack, desk: Desk) -> None:
    await grown(stack, desk)
    graph = await served(desk, "GET", f"{LINEAGE}/graph")
    wanted = {(one["child"], one["kind"], one["parent"]) for one in graph["edges"]}
    for file in ("graphml", "cypher", "json"):
        answer = await desk.caller("GET", f"{LINEAGE}/export?format={file}")
        assert answer.status == 200 and f"lineage-tickets.{file}" in answer.headers["content-disposition"]
        if file == "graphml":
            read = networkx.read_graphml(io.BytesIO(answer.raw))
            assert {(a, one["kind"], b) for a, b, one in read.edges(data=True)} == wanted
        elif file == "cypher":
            neo4j = Store()
            neo4j.run(answer.raw.decode())
            assert {(a[1], kind.lower(), b[1]) for a, kind, b in neo4j.edges} == wanted
        else:
            assert json.loads(answer.raw) == graph


async def test_a_candidate_becomes_a_branch_or_a_prompt_of_its_own(stack: Stack, desk: Desk) -> None:
    crossover = await grown(stack, desk)
    candidate = await served(desk, "GET", f"{LINEAGE}/candidates/{crossover}")
    assert (candidate["text"], candidate["made_by"], candidate["fitness"], candidate["base_version"]) == (C, "crossover", 0.9, 1)
    saved = await served(desk, "POST", f"{LINEAGE}/candidates/{crossover}/branch", {"branch": "bred"}, status=201)
    assert saved["messages"][0]["content"] == C and saved["branch"] == "bred" and saved["source"] == "optimizer"
    await served(desk, "POST", f"{LINEAGE}/candidates/{crossover}/branch", {"branch": "bred"}, status=409)
    copied = await served(desk, "POST", f"{LINEAGE}/candidates/{crossover}/copy", {"slug": "bred-apart"}, status=201)
    assert copied["messages"][0]["content"] == C
    graph = await served(desk, "GET", f"{LINEAGE}/graph")
    edges = {(one["child"], one["kind"], one["parent"]) for one in graph["edges"]}
    assert {(f"tickets@{saved['version']}", "branch_of", crossover), ("bred-apart@1", "cloned_from", crossover)} <= edges
    up = await served(desk, "GET", "/v1/prompts/bred-apart/lineage/ancestors")
    assert crossover in {one["id"] for one in up["data"]}
    await served(desk, "GET", f"{LINEAGE}/candidates/{new_uuid()}", status=404)


async def test_a_prompt_of_a_candidate_keeps_what_protects_the_text_as_far_as_it_holds_it(stack: Stack, desk: Desk) -> None:
    about = {"categories": ["sort"], "app_contexts": ["web"], "rules": ["Stay polite."]}
    text = (await served(desk, "GET", "/v1/prompts/tickets/versions/1"))["messages"][0]["content"]
    await served(desk, "PATCH", "/v1/prompts/tickets", about | {"locked_blocks": [text, text[:4]]})
    crossover = await grown(stack, desk)
    copied = await served(desk, "POST", f"{LINEAGE}/candidates/{crossover}/copy", {"slug": "bred-apart"}, status=201)
    assert {name: copied[name] for name in about} == about and copied["locked_blocks"] == ["Sort"]
    assert [repr(text) in one for one in copied["warnings"]] == [True]


async def test_what_is_made_of_a_candidate_says_which_models_nobody_can_call(stack: Stack, desk: Desk) -> None:
    await served(desk, "POST", "/v1/prompts/tickets/versions", {"base_version": 1, "fallback_models": ["gpt-4o-mni"]}, status=201)
    await write(stack, desk, await start_job(desk, version=2), FIRST)
    graph = await served(desk, "GET", f"{LINEAGE}/graph")
    candidate = next(one["id"] for one in graph["nodes"] if one["kind"] == "candidate")
    saved = await served(desk, "POST", f"{LINEAGE}/candidates/{candidate}/branch", {"branch": "bred"}, status=201)
    copied = await served(desk, "POST", f"{LINEAGE}/candidates/{candidate}/copy", {"slug": "bred-apart"}, status=201)
    assert [["'gpt-4o-mni'" in one for one in made.get("warnings", [])] for made in (saved, copied)] == [[True], [True]]


async def test_a_candidate_of_a_models_own_text_takes_that_texts_place(stack: Stack, desk: Desk) -> None:
    """It took the place of the text of all other models, which nobody had tried it with."""
    first = await served(desk, "GET", "/v1/prompts/tickets/versions/1")
    messages = [{"role": "system", "content": "For simulated ones."}, {"role": "user", "content": "{{ticket}}"}]
    own = [{"model": "simulated/*", "messages": messages}]
    second = await served(desk, "POST", "/v1/prompts/tickets/versions", {"base_version": 1, "variants": own}, status=201)
    assert second["variants"] == own, second
    job_id = await start_job(desk, version=2)
    await write(stack, desk, job_id, FIRST, SECOND)
    await served(desk, "POST", f"/v1/optimizations/{job_id}/cancel")
    fork = (await served(desk, "POST", f"/v1/generations/{job_id}/fork", {"number": 1}, status=201))["id"]
    graph = await served(desk, "GET", f"{LINEAGE}/graph")
    bred = [one for one in graph["nodes"] if one["made_by"] == "crossover"]
    assert {one["line_id"] for one in bred} == {job_id, fork}
    for number, one in enumerate(bred):
        saved = await served(desk, "POST", f"{LINEAGE}/candidates/{one['id']}/branch", {"branch": f"own-{number}"}, status=201)
        copied = await served(desk, "POST", f"{LINEAGE}/candidates/{one['id']}/copy", {"slug": f"own-{number}"}, status=201)
        for made in (saved, copied):
            assert made["messages"] == first["messages"], "what other models get stays"
            assert [(two["model"], two["messages"][0]["content"]) for two in made["variants"]] == [("simulated/*", C)]


async def test_an_accepted_suggestion_comes_from_the_candidate_that_was_measured(stack: Stack, desk: Desk) -> None:
    from hashlib import sha256

    job_id = await start_job(desk)
    await write(stack, desk, job_id, FIRST)
    measured = {"n": 30, "baseline": 0.5, "candidate": 0.9, "delta": 0.4, "ci_low": 0.2, "ci_high": 0.6, "p_value": 0.001}
    evidence = {"test": measured, "edits": [], "measured": {"candidate_sha256": sha256(B.encode()).hexdigest()}}
    suggestion = new_uuid()
    await rows_of(
        stack,
        """INSERT INTO suggestions (suggestion_id, workspace_id, prompt_id, slug, base_version, job_id, content, evidence)
           SELECT $1, workspace_id, prompt_id, slug, 1, job_id, $2::jsonb, $3::jsonb FROM optimization_jobs WHERE job_id = $4""",
        suggestion, json.dumps({"messages": [{"role": "system", "content": B}]}), json.dumps(evidence), UUID(job_id),
    )  # fmt: skip
    accepted = await served(desk, "POST", f"/v1/suggestions/{suggestion}/accept")
    graph = await served(desk, "GET", f"{LINEAGE}/graph")
    [candidate] = [one["id"] for one in graph["nodes"] if one["made_by"] == "replace"]
    assert (f"tickets@{accepted['version']}", "derived_from", candidate) in {
        (one["child"], one["kind"], one["parent"]) for one in graph["edges"]
    }


NODES = 2_000


async def test_two_thousand_nodes_are_one_plan_that_finds_edges_by_their_indexes(stack: Stack, desk: Desk) -> None:
    """1,000 versions, every tenth a crossover too, and 1,000 candidates, each mutated from the one before."""
    await _plant(stack, desk)
    db = await Database.open(stack.urls["gateway"], application_name="test-lineage", max_size=2)
    try:
        async with db.unit_of_work(workspace=desk.caller.workspace.workspace_id, read_only=True) as tx:
            prompt_id = await tx.fetchval("SELECT prompt_id FROM prompts WHERE slug = 'tickets'")
            asked = (desk.caller.workspace.workspace_id, [prompt_id], [NODES // 2], True, True, True, store.NODES_MOST)
            [plan] = await tx.fetchval("EXPLAIN (ANALYZE, FORMAT JSON) " + store.GRAPH_SQL, *asked)
            graph, truncated = await store.read_graph(tx, asked[0], [(prompt_id, NODES // 2)], up=True, down=True, candidates=True)
            few, cut = await store.read_graph(tx, asked[0], [(prompt_id, NODES // 2)], up=True, down=True, candidates=True, most=100)
    finally:
        await db.close()
    assert len(graph.nodes) == NODES and not truncated and len(few.nodes) == 100 and cut
    read_often = [
        (one["Relation Name"], one["Actual Loops"], one["Node Type"])
        for one in _parts(plan["Plan"])
        if one.get("Relation Name") in ("lineage_edges", "prompt_versions", "candidate_edges") and one["Actual Loops"] > 1
    ]
    assert read_often and not [one for one in read_often if "Seq" in one[2]]
    last, half = f"tickets@{NODES // 2}", f"tickets@{NODES // 4}"
    assert len(graph.ancestors(last)) == NODES // 2 - 1 and len(graph.descendants("tickets@1")) == NODES - 1
    assert graph.common_ancestors(last, half) == [half] and graph.compare(last, half).shared > 0


async def _plant(stack: Stack, desk: Desk) -> None:
    job_id = await start_job(desk)
    workspace_id = desk.caller.workspace.workspace_id
    for statement in (
        """INSERT INTO prompt_versions (workspace_id, prompt_id, version, model, content, content_hash, base_version, source, author)
           SELECT v.workspace_id, v.prompt_id, n, v.model, v.content, sha256(n::text::bytea), n - 1, 'manual', v.author
             FROM prompt_versions v, generate_series(2, $2) n WHERE v.workspace_id = $1 AND v.version = 1""",
        """INSERT INTO lineage_edges (edge_id, workspace_id, kind, prompt_id, version, parent_prompt_id, parent_version)
           SELECT gen_random_uuid(), p.workspace_id, 'derived_from', p.prompt_id, n, p.prompt_id, n - 1
             FROM prompts p, generate_series(2, $2) n WHERE p.workspace_id = $1""",
        """INSERT INTO lineage_edges (edge_id, workspace_id, kind, prompt_id, version, parent_prompt_id, parent_version)
           SELECT gen_random_uuid(), p.workspace_id, 'crossover_of', p.prompt_id, n, p.prompt_id, n / 2
             FROM prompts p, generate_series(10, $2, 10) n WHERE p.workspace_id = $1""",
        """INSERT INTO generation_lines (line_id, workspace_id, prompt_id, slug, base_version, origin, created_by)
           SELECT job_id, workspace_id, prompt_id, slug, 1, 'job', 'me' FROM optimization_jobs WHERE workspace_id = $1 AND $2 > 0""",
        """INSERT INTO lineage_candidates (candidate_id, workspace_id, prompt_id, line_id, digest, text, first_number, made_by)
           SELECT md5(n::text || l.line_id::text)::uuid, l.workspace_id, l.prompt_id, l.line_id, sha256(n::text::bytea), n::text, n, 'x'
             FROM generation_lines l, generate_series(1, $2) n WHERE l.workspace_id = $1""",
        """INSERT INTO candidate_edges (workspace_id, prompt_id, child_id, child_number, kind, parent_id, parent_number)
           SELECT l.workspace_id, l.prompt_id, md5(n::text || l.line_id::text)::uuid, 0, 'mutated_from',
                  CASE n WHEN 1 THEN l.prompt_id ELSE md5((n - 1)::text || l.line_id::text)::uuid END, CASE n WHEN 1 THEN 1 ELSE 0 END
             FROM generation_lines l, generate_series(1, $2) n WHERE l.workspace_id = $1""",
    ):
        await rows_of(stack, statement, workspace_id, NODES // 2)
    assert job_id
    await rows_of(stack, "ANALYZE lineage_edges, prompt_versions, candidate_edges, lineage_candidates")


def _parts(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(part for one in plan.get("Plans", []) for part in _parts(one))]


async def test_a_prompt_that_is_purged_takes_its_candidates_and_generations_along(stack: Stack, desk: Desk) -> None:
    crossover = await grown(stack, desk)
    await served(desk, "POST", f"{LINEAGE}/candidates/{crossover}/copy", {"slug": "bred-apart"}, status=201)
    for job in (await served(desk, "GET", "/v1/optimizations"))["data"]:
        await served(desk, "POST", f"/v1/optimizations/{job['id']}/cancel")
    await served(desk, "POST", "/v1/prompts/tickets/archive")
    await served(desk, "POST", "/v1/prompts/tickets/purge", {"confirm": "tickets"})
    assert (await served(desk, "GET", "/v1/generations"))["data"] == []
    left = await served(desk, "GET", "/v1/prompts/bred-apart/lineage/graph")
    assert [one["id"] for one in left["nodes"]] == ["bred-apart@1"] and left["edges"] == []


async def test_a_version_is_scored_by_its_own_model(stack: Stack, desk: Desk) -> None:
    for model, accuracy in (("simulated/reader", 0.8), ("simulated/chat", 0.0)):
        body = {"prompt": "tickets", "dataset_id": desk.dataset_id, "split": "validation", "models": [model]}
        run_id = (await served(desk, "POST", "/v1/test-runs", body, status=202))["id"]
        await rows_of(
            stack, "UPDATE test_runs SET status = 'completed', finished_at = now(), result = $2::jsonb WHERE test_run_id = $1::text::uuid",
            run_id, json.dumps({"metrics": {"overall_accuracy": accuracy}}),
        )  # fmt: skip
    [node] = (await served(desk, "GET", f"{LINEAGE}/graph"))["nodes"]
    assert node["model"] == "simulated/reader" and node["score"] == 0.8, "the newest run was by another model"
    for is_simulated in (True, False):
        await rows_of(stack, "UPDATE test_runs SET simulated = $1 WHERE model = 'simulated/reader'", is_simulated)
        assert [one["simulated"] for one in (await served(desk, "GET", f"{LINEAGE}/graph"))["nodes"]] == [is_simulated]
