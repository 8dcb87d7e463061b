"""Two changes at once come to what one after the other comes to: nothing is left that rests on what is gone, and nobody hears 500."""

import asyncio
import itertools
from collections.abc import Callable
from typing import Any

import pytest
import pytest_asyncio

from tests.embedded.held_back import WAITING
from tests.embedded.stack import Answer, Caller
from tests.embedded.superuser import as_superuser
from tests.integration.bus_parts import until
from tests.security.conftest import World
from tests.security.world import generations

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.promise("G-20")]

ROUNDS = 6
DELAYS_MS = ((0, 0), (0, 2), (2, 0), (0, 6), (6, 0), (0, 12))
"""How long the first and the second wait, so that each may come first."""

NUMBERS = itertools.count(1)

Request = tuple[str, str, Any]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def admin(world: World) -> Caller:
    return await world.stack.caller()


async def made(admin: Caller, method: str, path: str, body: Any = None) -> Any:
    answer = await admin(method, path, body)
    assert answer.status < 300, (method, path, answer.body)
    return answer.body


async def a_prompt(admin: Caller) -> str:
    """With the label `live` on its only version."""
    slug = f"raced-{next(NUMBERS)}"
    said = [{"role": "user", "content": "Hello {{name}}."}]
    await made(admin, "POST", "/v1/prompts", {"slug": slug, "messages": said, "model": "simulated/chat"})
    await made(admin, "PUT", f"/v1/prompts/{slug}/labels/live", {"version": 1})
    return slug


async def both(admin: Caller, first: Request, second: Request, *, round_of: int) -> list[Answer]:
    """The two answers, of which none may be 500."""

    async def ask(request: Request, wait_ms: int) -> Answer:
        await asyncio.sleep(wait_ms / 1000)
        return await admin(*request)

    waits = DELAYS_MS[round_of % len(DELAYS_MS)]
    answers = await asyncio.gather(ask(first, waits[0]), ask(second, waits[1]))
    assert not [one.body for one in answers if one.status == 500]
    return answers


def chain_of(slug: str) -> Request:
    step = {"id": "greet", "prompt": f"{slug}@live", "variables": {"name": "variables.name"}}
    return "POST", "/v1/chains", {"slug": f"chain-of-{slug}", "steps": [step]}


def user_of(slug: str) -> Request:
    said = [{"role": "user", "content": f"{{{{> {slug}@live}}}} Bye."}]
    return "POST", "/v1/prompts", {"slug": f"user-of-{slug}", "messages": said, "model": "simulated/chat"}


@pytest.mark.parametrize("uses", [chain_of, user_of])
@pytest.mark.parametrize("ends", ["archive", "label"])
async def test_nothing_that_is_saved_runs_or_includes_a_prompt_that_is_put_away_meanwhile(
    admin: Caller, uses: Callable[[str], Request], ends: str
) -> None:
    for round_of in range(ROUNDS):
        slug = await a_prompt(admin)
        end = ("POST", f"/v1/prompts/{slug}/archive", None) if ends == "archive" else ("DELETE", f"/v1/prompts/{slug}/labels/live", None)
        answers = await both(admin, end, uses(slug), round_of=round_of)
        assert [one.status < 300 for one in answers].count(True) == 1, [one.body for one in answers]


async def test_a_label_stays_where_a_chain_was_saved_while_its_removal_waited(world: World, admin: Caller) -> None:
    slug = await a_prompt(admin)
    async with as_superuser(world.stack.urls["superuser"]) as holder:
        async with holder.transaction():
            await holder.execute("SELECT FROM prompts WHERE slug = $1 FOR SHARE", slug)  # as a chain that is saved
            removing = asyncio.create_task(admin("DELETE", f"/v1/prompts/{slug}/labels/live"))
            await until(lambda: waiting(holder, 1, removing))
            await made(admin, *chain_of(slug))
        removed = await removing
    assert removed.status == 409 and f"chain-of-{slug}" in removed.body["error"]["message"], removed.body


def including(slug: str, other: str) -> Request:
    """Saves a version of `slug` that includes the other one."""
    said = [{"role": "user", "content": f"{{{{> {other}}}}} Hello {{{{name}}}}."}]
    return "POST", f"/v1/prompts/{slug}/versions", {"messages": said, "base_version": 1}


async def test_of_two_prompts_that_include_each_other_one_waits_and_is_told_why_not(admin: Caller) -> None:
    for round_of in range(ROUNDS):
        slugs = [await a_prompt(admin), await a_prompt(admin)]
        for slug in slugs:
            await made(admin, "PUT", f"/v1/prompts/{slug}/labels/production", {"version": 1})
        one, other = slugs if round_of % 2 else slugs[::-1]
        answers = await both(admin, including(one, other), including(other, one), round_of=round_of)
        assert {answer.status for answer in answers} <= {201, 422}, [answer.body for answer in answers]
        assert any(answer.status == 201 for answer in answers)


async def test_a_label_that_moves_while_the_snippet_behind_it_is_saved_waits(admin: Caller) -> None:
    for round_of in range(ROUNDS):
        slugs = [await a_prompt(admin), await a_prompt(admin)]
        one, other = slugs if round_of % 2 else slugs[::-1]
        await made(admin, "PUT", f"/v1/prompts/{other}/labels/production", {"version": 1})
        await made(admin, *including(one, other))
        move = ("PUT", f"/v1/prompts/{one}/labels/live", {"version": 2})
        answers = await both(admin, move, including(other, f"{one}@live"), round_of=round_of)
        statuses = [answer.status for answer in answers]
        assert statuses in ([200, 422], [409, 201]), [answer.body for answer in answers]  # whoever comes second would close a circle


@pytest.mark.parametrize("act", ["save", "roll back", "merge", "cherry-pick"])
async def test_a_bundle_that_comes_in_while_one_of_its_snippets_is_saved(world: World, admin: Caller, act: str) -> None:
    """The import has come to `between` when the last one, which includes the first, is saved, or a label goes back to that: it waits, and
    holds nothing meanwhile. A merge holds the last one by then: of the two that wait for each other one begins anew, and both are done."""
    number = next(NUMBERS)
    first, between, last = (f"raced-{number}-{letter}" for letter in "amz")
    said = [{"role": "user", "content": "Hello {{name}}."}]
    for slug in (first, between, last):
        await made(admin, "POST", "/v1/prompts", {"slug": slug, "messages": said, "model": "simulated/chat"})
        await made(admin, "PUT", f"/v1/prompts/{slug}/labels/production", {"version": 1})
    change, status = including(last, first), 201
    if act == "roll back":
        await made(admin, *change)
        for version in (2, 1):
            await made(admin, "PUT", f"/v1/prompts/{last}/labels/production", {"version": version})
        change, status = ("POST", f"/v1/prompts/{last}/labels/production/rollback", {}), 200
    if act in ("merge", "cherry-pick"):
        await made(admin, "POST", f"/v1/prompts/{last}/branches", {"branch": "side", "version": 1})
        method, path, body = change
        await made(admin, method, path, body | {"branch": "side"})
        await made(admin, "POST", f"/v1/prompts/{last}/versions", {"base_version": 1, "temperature": 0.5})
        change = ("POST", f"/v1/prompts/{last}/merge", {"branch": "side"})
        if act == "cherry-pick":
            change = ("POST", f"/v1/prompts/{last}/versions/2/cherry-pick", {"base_version": 3, "parts": ["messages"]})
    bundle = (await admin("GET", "/v1/export?scope=prompts")).body
    bundle["prompts"] = [one for one in bundle["prompts"] if one["slug"] in (first, between, last)]
    async with as_superuser(world.stack.urls["superuser"]) as holder:
        async with holder.transaction():
            await holder.execute("SELECT FROM prompts WHERE slug = $1 FOR UPDATE", between)
            bringing = asyncio.create_task(admin("POST", "/v1/import", bundle))
            await until(lambda: waiting(holder, 1, bringing))
            saving = asyncio.create_task(admin(*change))
            await until(lambda: waiting(holder, 2, bringing, saving))
        answers = await asyncio.gather(bringing, saving)
    assert [answer.status for answer in answers] == [200, status], [answer.body for answer in answers]


async def test_a_prompt_that_is_removed_for_good_while_somebody_comments_it(admin: Caller) -> None:
    for round_of in range(ROUNDS):
        slug = await a_prompt(admin)
        await made(admin, "POST", f"/v1/prompts/{slug}/archive")
        comment = ("POST", f"/v1/prompts/{slug}/comments", {"version": 1, "body": "Why so?"})
        purged, commented = await both(admin, ("POST", f"/v1/prompts/{slug}/purge", {"confirm": slug}), comment, round_of=round_of)
        assert purged.status == 200 and commented.status in (201, 404)


async def test_a_line_of_generations_that_is_removed_while_somebody_names_one(admin: Caller) -> None:
    own = {"slug": await a_prompt(admin)}
    for round_of in range(ROUNDS):
        line = (await made(admin, "POST", "/v1/generations/import", {"file": generations(own, word=f"w{next(NUMBERS)}")}))["id"]
        naming = ("POST", f"/v1/generations/{line}/snapshots", {"name": "kept", "number": 0})
        removed, named = await both(admin, ("DELETE", f"/v1/generations/{line}", None), naming, round_of=round_of)
        assert removed.status == 200 and named.status in (201, 404)


async def test_an_alert_channel_that_is_removed_while_it_is_tried(admin: Caller) -> None:
    for round_of in range(ROUNDS):
        body = {"kind": "slack", "name": f"raced {next(NUMBERS)}", "url": "http://127.0.0.1:9/hook"}
        path = f"/v1/alert-channels/{(await made(admin, 'POST', '/v1/alert-channels', body))['id']}"
        removed, tried = await both(admin, ("DELETE", path, None), ("POST", f"{path}/test", None), round_of=round_of)
        assert removed.status == 200 and tried.status in (202, 404)


async def test_a_scoring_that_begins_while_its_evaluator_is_archived_is_cancelled_with_it(world: World, admin: Caller) -> None:
    slug = await a_prompt(admin)
    await made(admin, "POST", "/v1/executions", {"prompt": slug, "label": "live", "variables": {"name": "Ada"}})
    for _ in range(5):
        settings = {"kind": "contains", "phrases": ["a"]}
        evaluator = (await made(admin, "POST", "/v1/evaluators", {"name": f"raced {next(NUMBERS)}", "settings": settings}))["id"]
        begun, archived = await one_behind_the_other(world, admin, evaluator)
        if 503 not in (begun.status, archived.status):  # a machine that stands still lets who waits for a lock go after 2 s
            break
    assert (begun.status, archived.status) == (201, 200), (begun.body, archived.body)
    scorings = (await admin("GET", f"/v1/scorings?evaluator_id={evaluator}")).body["data"]
    assert [one["status"] for one in scorings] == ["cancelled"]


async def one_behind_the_other(world: World, admin: Caller, evaluator: str) -> tuple[Answer, Answer]:
    """Scoring waits for the evaluator, and archiving behind it."""
    async with as_superuser(world.stack.urls["superuser"]) as holder, holder.transaction():
        await holder.execute("SELECT FROM burnish.evaluators WHERE evaluator_id = $1::uuid FOR UPDATE", evaluator)
        scoring = asyncio.create_task(admin("POST", "/v1/scorings", {"evaluator_id": evaluator, "newest": 1}))
        await until(lambda: waiting(holder, 1, scoring))
        archiving = asyncio.create_task(admin("DELETE", f"/v1/evaluators/{evaluator}"))
        await until(lambda: waiting(holder, 2, scoring, archiving))
    return await scoring, await archiving


async def waiting(holder: Any, count: int, *asked: "asyncio.Task[Answer]") -> bool:
    """Whether so many wait for a lock, or one was answered already."""
    return any(one.done() for one in asked) or await holder.fetchval(WAITING) >= count


def asked_by_clarifications(model: str) -> Request:
    return "PUT", "/v1/clarifications/models", {"ask_model": model}


def asked_by_a_judge(model: str) -> Request:
    settings = {"kind": "llm_judge", "model": model, "rubric": "It is kind."}
    return "POST", "/v1/evaluators", {"name": f"raced {next(NUMBERS)}", "settings": settings}


@pytest.mark.parametrize("chooses", [asked_by_clarifications, asked_by_a_judge])
async def test_no_model_is_chosen_that_is_removed_meanwhile(admin: Caller, own_key: None, chooses: Callable[[str], Request]) -> None:
    for round_of in range(ROUNDS):
        model = f"own/raced-{next(NUMBERS)}"
        body = {
            "model": model, "provider": "own", "base_url": "http://127.0.0.1:9/v1", "context_tokens": 9000, "output_tokens": 900,
            "input_price_nusd_per_million": 1, "output_price_nusd_per_million": 1,
        }  # fmt: skip
        await made(admin, "POST", "/v1/models", body)
        answers = await both(admin, ("DELETE", f"/v1/models/{model}", None), chooses(model), round_of=round_of)
        assert [one.status < 300 for one in answers].count(True) == 1, [one.body for one in answers]
        await made(admin, "PUT", "/v1/clarifications/models", {})


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def own_key(admin: Caller) -> None:
    body = {"provider": "own", "name": "raced", "key": "a-providers-key", "base_url": "http://127.0.0.1:9/v1"}
    await made(admin, "POST", "/v1/provider-keys", body)


@pytest.mark.parametrize("first_of", [True, False])
@pytest.mark.parametrize("other", ["answer", "delete the rest"])
async def test_a_thread_that_two_change_at_once_is_held_from_its_first_comment_on(
    world: World, admin: Caller, first_of: bool, other: str
) -> None:
    """Whoever deletes it needs the rows of its answers too: nobody holds one of these while waiting for the first. `first_of`: it is
    deleted by its first comment; else with the texts of the run."""
    call = {"model": "simulated/chat", "messages": [{"role": "user", "content": "Hello."}]}
    run = (await made(admin, "POST", "/v1/executions", call))["id"]
    comments = f"/v1/executions/{run}/comments"
    first = (await made(admin, "POST", comments, {"body": "Why?"}))["id"]
    answered = (await made(admin, "POST", comments, {"body": "So.", "reply_to": first}))["id"]
    deletions = [f"{comments}/{first}", f"/v1/executions/{run}/content"]
    deletion, another = deletions if first_of else deletions[::-1]
    answer = ("POST", comments, {"body": "Fine.", "reply_to": answered})
    async with as_superuser(world.stack.urls["superuser"]) as holder:
        async with holder.transaction():
            await holder.execute("SELECT FROM prompt_comments WHERE comment_id = $1 FOR UPDATE", first)
            deleting = asyncio.create_task(admin("DELETE", deletion))
            await until(lambda: waiting(holder, 1, deleting))
            beside = asyncio.create_task(admin(*answer) if other == "answer" else admin("DELETE", another))
            await until(lambda: waiting(holder, 2, deleting, beside))
        answers = await asyncio.gather(deleting, beside)
    ends = 404 if other == "answer" or not first_of else 200
    assert [one.status for one in answers] == [200, ends], [one.body for one in answers]
    assert (await made(admin, "GET", comments))["data"] == []
