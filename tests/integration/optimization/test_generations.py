"""Generations are kept with their scores, and their candidates with where they come from (PRODUCT O8, O7)."""

import json
from typing import Any
from uuid import UUID

import pytest

from burnish_optimizer.io import generations_store, runs_store
from burnish_optimizer.io.generations_store import Member
from burnish_optimizer.io.work_store import Claim
from burnish_shared.contracts.generations import digest_of
from burnish_shared.db.session import Database
from tests.embedded.stack import Stack
from tests.embedded.superuser import as_superuser
from tests.integration.optimization.conftest import Desk

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("O8")]

START = "Sort the ticket."
A, B, C = "Sort the ticket by topic.", "Sort this ticket well.", "Sort this ticket by topic."

FIRST = [
    Member(START, "incumbent", fitness=0.5, scores={"accuracy": 0.5}, evaluations=20),
    Member(A, "insert", (START,), fitness=0.6, scores={"accuracy": 0.6}, evaluations=20),
    Member(B, "replace", (START,), fitness=0.7, scores={"accuracy": 0.7, "relevance": None}, evaluations=20),
]
SECOND = [
    Member(B, "elite", (B,), fitness=0.65, scores={"accuracy": 0.65}, evaluations=40),
    Member(C, "crossover", (A, B), fitness=0.9, scores={"accuracy": 0.9}, evaluations=20),
]
THIRD = [Member(C, "elite", (C,), fitness=0.8, scores={"accuracy": 0.8}, evaluations=40)]


async def start_job(desk: Desk, **asked: Any) -> str:
    """Nobody works on it: no optimizer runs."""
    body = {"prompt": "tickets", "dataset_id": desk.dataset_id, "budget": {"evaluations": 800}} | asked
    started = await desk.caller("POST", "/v1/optimizations", body)
    assert started.status == 202, started.body
    return str(started.body["id"])


async def write(stack: Stack, desk: Desk, job_id: str, *generations: list[Member], first: int = 0) -> tuple[str, ...]:
    """As the optimizer does. Returns the texts that the job begins with."""
    workspace_id = desk.caller.workspace.workspace_id
    db = await Database.open(stack.urls["optimizer"], application_name="test-generations", max_size=2)
    try:
        async with db.unit_of_work(workspace=workspace_id) as tx:
            job = await runs_store.load_job(
                tx,
                Claim("optimization", UUID(job_id), workspace_id, 0),
            )
            for number, members in enumerate(generations, start=first):
                await generations_store.record(tx, job, number=number, members=members, simulated=True)
            return await generations_store.seeds(tx, job)
    finally:
        await db.close()


async def rows_of(stack: Stack, query: str, *values: Any) -> list[dict[str, Any]]:
    async with as_superuser(stack.urls["superuser"]) as connection:
        return [dict(row) for row in await connection.fetch(query, *values)]


async def test_a_generation_that_is_written_again_stays_as_it_was(stack: Stack, desk: Desk) -> None:
    job_id = await start_job(desk)
    assert await write(stack, desk, job_id, FIRST, SECOND) == ()
    await write(stack, desk, job_id, SECOND, FIRST)
    [line] = await rows_of(stack, "SELECT * FROM generation_lines WHERE line_id = $1", UUID(job_id))
    assert (line["latest_number"], line["best_number"], line["best_fitness"], line["simulated"]) == (1, 1, 0.9, True)
    generations = await rows_of(stack, "SELECT * FROM generations WHERE line_id = $1 ORDER BY number", UUID(job_id))
    assert [(one["number"], one["size"], one["best_fitness"]) for one in generations] == [(0, 3, 0.7), (1, 2, 0.9)]
    assert len(await rows_of(stack, "SELECT 1 FROM lineage_candidates WHERE line_id = $1", UUID(job_id))) == 4


async def test_a_generation_that_was_not_measured_to_its_end_takes_no_figures_away(stack: Stack, desk: Desk) -> None:
    job_id = await start_job(desk)
    await write(
        stack, desk, job_id, FIRST, [Member(B, "elite", (B,)), Member(C, "crossover", (A, B))], [Member(C, "elite", (C,), fitness=0.9)]
    )
    rows = await rows_of(stack, "SELECT text, fitness, evaluations FROM lineage_candidates WHERE line_id = $1", UUID(job_id))
    known = {one["text"]: (one["fitness"], one["evaluations"]) for one in rows}
    assert known[B] == (0.7, 20) and known[C][0] == 0.9


async def test_each_candidate_knows_what_it_was_made_of(stack: Stack, desk: Desk) -> None:
    job_id = await start_job(desk)
    await write(stack, desk, job_id, FIRST, SECOND, THIRD)
    edges = await rows_of(
        stack,
        """SELECT c.text AS child, e.kind, p.text AS parent, e.parent_number FROM candidate_edges e
             JOIN lineage_candidates c ON c.candidate_id = e.child_id LEFT JOIN lineage_candidates p ON p.candidate_id = e.parent_id
            WHERE e.job_id = $1""",
        UUID(job_id),
    )
    assert {(one["child"], one["kind"], one["parent"] or one["parent_number"]) for one in edges} == {
        (START, "derived_from", 1),
        (A, "mutated_from", START),
        (B, "mutated_from", START),
        (C, "crossover_of", A),
        (C, "crossover_of", B),
    }


async def served(desk: Desk, method: str, path: str, body: Any = None, *, status: int = 200) -> Any:
    answer = await desk.caller(method, path, body)
    assert answer.status == status, answer.body
    return answer.body


async def cancelled_line(stack: Stack, desk: Desk) -> str:
    """Three generations of a job that is over. Returns the path."""
    job_id = await start_job(desk)
    await write(stack, desk, job_id, FIRST, SECOND, THIRD)
    await served(desk, "POST", f"/v1/optimizations/{job_id}/cancel")
    return f"/v1/generations/{job_id}"


async def test_latest_and_best_are_one_read(stack: Stack, desk: Desk) -> None:
    line = await served(desk, "GET", await cancelled_line(stack, desk))
    assert (line["latest"]["number"], line["best"]["number"], line["best_fitness"]) == (2, 1, 0.9)
    assert [(one["text"], one["fitness"], one["made_by"]) for one in line["best"]["members"]] == [(C, 0.9, "crossover"), (B, 0.65, "elite")]
    [first] = [one for one in (await served(desk, "GET", f"/v1/generations/{line['id']}/history/0"))["members"] if one["text"] == B]
    assert first["scores"] == {"accuracy": 0.7, "relevance": None}
    page = await served(desk, "GET", f"/v1/generations/{line['id']}/history?limit=2")
    assert [one["number"] for one in page["data"]] == [2, 1]
    rest = await served(desk, "GET", f"/v1/generations/{line['id']}/history?limit=2&cursor={page['next_cursor']}")
    assert [one["number"] for one in rest["data"]] == [0] and rest["next_cursor"] is None
    assert [one["id"] for one in (await served(desk, "GET", "/v1/generations?prompt=tickets"))["data"]] == [line["id"]]


async def test_going_back_appends_a_copy_and_forgets_nothing(stack: Stack, desk: Desk) -> None:
    path = await cancelled_line(stack, desk)
    await served(desk, "POST", f"{path}/snapshots", {"name": "before the crossover", "number": 0, "note": "plain"}, status=201)
    await served(desk, "POST", f"{path}/snapshots", {"name": "before the crossover"}, status=409)
    back = await served(desk, "POST", f"{path}/restore", {"snapshot": "before the crossover"})
    assert (back["latest_number"], back["best_number"]) == (3, 1)
    latest = await served(desk, "GET", f"{path}/history/3")
    assert latest["restored_from"] == 0 and [one["text"] for one in latest["members"]] == [B, A, START]
    assert len((await served(desk, "GET", f"{path}/history"))["data"]) == 4
    await served(desk, "DELETE", f"{path}/snapshots/before%20the%20crossover")
    await served(desk, "POST", f"{path}/restore", {"snapshot": "before the crossover"}, status=404)
    await served(desk, "POST", f"{path}/restore", {"number": 17}, status=404)
    refused = await served(desk, "POST", f"{path}/restore", {"number": 1, "best": True}, status=422)
    assert "one of number, snapshot and best" in refused["error"]["message"]


async def test_going_back_measures_nothing_anew(stack: Stack, desk: Desk) -> None:
    """A candidate's fitness is that of the newest generation that measured it, also in what is read from a file."""
    path = await cancelled_line(stack, desk)
    await served(desk, "POST", f"{path}/restore", {"number": 0})
    made = await served(desk, "POST", "/v1/generations/import", {"file": await served(desk, "GET", f"{path}/export")}, status=201)
    for line_id in (path.rpartition("/")[2], made["id"]):
        rows = await rows_of(stack, "SELECT text, fitness, evaluations FROM lineage_candidates WHERE line_id = $1", UUID(line_id))
        assert {one["text"]: (one["fitness"], one["evaluations"]) for one in rows} == {
            START: (0.5, 20), A: (0.6, 20), B: (0.65, 40), C: (0.8, 40)
        }  # fmt: skip


async def test_a_fork_is_a_line_of_its_own_whose_candidates_are_cloned(stack: Stack, desk: Desk) -> None:
    path = await cancelled_line(stack, desk)
    made = await served(desk, "POST", f"{path}/fork", {"best": True, "name": "from the best"}, status=201)
    assert (made["origin"], made["forked_from_number"], made["simulated"], made["job_id"]) == ("fork", 1, True, None)
    own = (await served(desk, "GET", f"/v1/generations/{made['id']}"))["latest"]
    assert own["number"] == 0 and [one["text"] for one in own["members"]] == [C, B]
    kinds = await rows_of(
        stack,
        "SELECT e.kind FROM candidate_edges e JOIN lineage_candidates c ON c.candidate_id = e.child_id WHERE line_id = $1",
        UUID(made["id"]),
    )
    assert [one["kind"] for one in kinds] == ["cloned_from", "cloned_from"]
    await served(desk, "DELETE", path)
    assert (await served(desk, "GET", f"/v1/generations/{made['id']}"))["latest"]["members"][0]["text"] == C
    await served(desk, "GET", path, status=404)


async def test_a_line_that_goes_through_a_file_is_the_same_line(stack: Stack, desk: Desk) -> None:
    path = await cancelled_line(stack, desk)
    await served(desk, "POST", f"{path}/restore", {"number": 1})
    await served(desk, "POST", f"{path}/snapshots", {"name": "good", "best": True}, status=201)
    file = await served(desk, "GET", f"{path}/export")
    made = await served(desk, "POST", "/v1/generations/import", {"file": file}, status=201)
    assert await served(desk, "GET", f"/v1/generations/{made['id']}/export") == file
    assert (made["origin"], made["latest_number"], made["best_number"], made["best_fitness"]) == ("import", 3, 1, 0.9)
    mixed = json.loads(json.dumps(file).replace("crossover_of", "compressed_from", 1))
    assert mixed != file
    made = await served(desk, "POST", "/v1/generations/import", {"file": mixed}, status=201)
    assert (await served(desk, "GET", f"/v1/generations/{made['id']}/export"))["candidates"] == mixed["candidates"], (
        "each parent in its own way"
    )
    broken = file | {"candidates": [file["candidates"][0] | {"text": "another text"}, *file["candidates"][1:]]}
    refused = await served(desk, "POST", "/v1/generations/import", {"file": broken}, status=422)
    assert refused["error"]["param"] == "file.candidates[0].id"
    refused = await served(desk, "POST", "/v1/generations/import", {"file": file | {"candidates": file["candidates"][1:]}}, status=422)
    assert "has no candidate" in refused["error"]["message"]
    await served(desk, "POST", "/v1/generations/import", {"file": file, "prompt": "nowhere"}, status=404)
    first, *others = file["candidates"]
    round_about = {"kind": "mutated_from", "candidate": next(one["id"] for one in others if one["parents"])}
    refused = await served(
        desk, "POST", "/v1/generations/import", {"file": file | {"candidates": [first | {"parents": [round_about]}, *others]}}, status=422
    )
    assert refused["error"]["param"].endswith("].parents") and "own ancestor" in refused["error"]["message"], refused
    aside = {"id": digest_of("aside").hex(), "text": "aside", "made_by": "insert"}
    lost = {"candidates": [first | {"parents": [round_about | {"candidate": aside["id"]}]}, *others, aside]}
    refused = await served(desk, "POST", "/v1/generations/import", {"file": file | lost}, status=422)
    assert refused["error"]["param"] == "file.candidates[0].parents[0].candidate"
    await served(desk, "POST", "/v1/generations/import", {"file": file | lost | {"generations_left_out": 1}}, status=201)
    twice = file | {"snapshots": [*file["snapshots"], {"name": "good", "number": 0}]}
    refused = await served(desk, "POST", "/v1/generations/import", {"file": twice}, status=422)
    assert refused["error"]["param"] == "file.snapshots[1].name"


async def test_what_a_job_still_writes_is_neither_taken_back_nor_removed(stack: Stack, desk: Desk) -> None:
    job_id = await start_job(desk)
    await write(stack, desk, job_id, FIRST)
    await served(desk, "POST", f"/v1/generations/{job_id}/restore", {"number": 0}, status=409)
    await served(desk, "DELETE", f"/v1/generations/{job_id}", status=409)
    assert (await served(desk, "POST", f"/v1/generations/{job_id}/fork", {}, status=201))["latest_number"] == 0


async def test_what_a_schedule_begins_with_is_not_removed(stack: Stack, desk: Desk) -> None:
    """Each of its runs would be left out from then on, and nobody who removes a line looks into schedules."""
    path = await cancelled_line(stack, desk)
    await served(desk, "POST", path + "/snapshots", {"name": "good", "best": True}, status=201)
    await served(desk, "POST", path + "/snapshots", {"name": "other"}, status=201)
    asked = {"prompt": "tickets", "dataset_id": desk.dataset_id, "method": "evolutionary", "budget": {"evaluations": 800, "credits": 100}}
    start = {"line_id": path.rpartition("/")[2], "snapshot": "good"}
    body = {"month_credits": 1000, "paused": True, "optimization": asked | {"start": start}}
    made = await served(desk, "POST", "/v1/optimization-schedules", body, status=201)
    for kept in (path, path + "/snapshots/good"):
        refused = (await served(desk, "DELETE", kept, status=409))["error"]
        assert made["id"] in refused["message"], kept
        assert refused["details"]["used_by"] == [{"kind": "schedule", "count": 1, "first": [made["id"]]}], kept
    await served(desk, "DELETE", path + "/snapshots/other")
    await served(desk, "DELETE", f"/v1/optimization-schedules/{made['id']}")
    await served(desk, "DELETE", path + "/snapshots/good")
    await served(desk, "DELETE", path)


async def test_a_search_begins_with_the_generation_that_it_is_given(stack: Stack, desk: Desk) -> None:
    path = await cancelled_line(stack, desk)
    line_id = path.rpartition("/")[2]
    more = {"method": "evolutionary", "start": {"line_id": line_id, "best": True}}
    job_id = await start_job(desk, **more)
    refused = await served(desk, "DELETE", path, status=409)
    assert job_id in refused["error"]["message"], "it would begin with nothing"
    assert await write(stack, desk, job_id) == (C, B)
    await write(stack, desk, job_id, [Member(C, "given", fitness=0.9), Member(B, "given", fitness=0.6)])
    made = await served(desk, "GET", f"/v1/generations/{job_id}")
    assert (made["forked_from"], made["forked_from_number"]) == (line_id, 1)
    kinds = await rows_of(stack, "SELECT kind FROM candidate_edges WHERE job_id = $1", UUID(job_id))
    assert [one["kind"] for one in kinds] == ["cloned_from", "cloned_from"]
    body = {"prompt": "tickets", "dataset_id": desk.dataset_id, "budget": {"evaluations": 800}}
    refused = await served(desk, "POST", "/v1/optimizations", body | {"start": {"line_id": line_id}}, status=422)
    assert "evolutionary" in refused["error"]["message"]
    await served(desk, "POST", "/v1/optimizations", body | more | {"start": {"line_id": desk.dataset_id}}, status=404)
    refused = await served(desk, "POST", "/v1/optimizations", body | more | {"start": {"line_id": line_id, "number": 77}}, status=404)
    assert refused["error"]["param"] == "start.number"
    refused = await served(desk, "POST", "/v1/optimizations", body | more | {"start": {"line_id": line_id, "snapshot": "x"}}, status=404)
    assert refused["error"]["param"] == "start.snapshot"
    await served(desk, "POST", f"/v1/optimizations/{job_id}/cancel")
    await rows_of(stack, "UPDATE optimization_jobs SET status = 'cancelled', finished_at = now() WHERE job_id = $1", UUID(job_id))
    await served(desk, "DELETE", path)
