"""What comes into the review queue by itself: low ratings, corrections, samples (PRODUCT F5)."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.embedded.stack import Caller
from tests.integration.review.conftest import Team

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("F5")]


async def until(condition: Callable[[], Awaitable[Any]], *, within_s: float = 60) -> Any:
    """What the condition returned, once it is true."""
    async with asyncio.timeout(within_s):
        while not (found := await condition()):
            await asyncio.sleep(0.03)
        return found


async def queue_of(caller: Caller, query: str = "") -> dict[str, list[str]]:
    """Execution → the reasons why it is in the queue."""
    return {one["execution_id"]: sorted(one["reasons"]) for one in (await caller("GET", f"/v1/review?limit=200{query}")).body["data"]}


async def react(caller: Caller, execution_id: str, **said: Any) -> None:
    assert (await caller("POST", "/v1/feedback", {"execution_id": execution_id, **said})).status == 202


async def test_low_ratings_and_corrections_come_without_setting_anything_up(team: Team) -> None:
    down, low, corrected, fine, changed = [await team.answer(f"answer {n}") for n in range(5)]
    await react(team.admin, down, thumb="down", comment="wrong queue", user_id="eve")
    await react(team.admin, low, score=0.25)
    await react(team.admin, corrected, correction="billing", thumb="down")
    await react(team.admin, fine, thumb="up", score=0.5)
    await react(team.admin, changed, thumb="up", user_id="eve")
    await react(team.admin, changed, thumb="down", user_id="eve")
    expected = {down: ["low_rated"], low: ["low_rated"], corrected: ["corrected", "low_rated"], changed: ["low_rated"]}

    async def has_come() -> bool:
        return await queue_of(team.viewer) == expected

    await until(has_come)
    [shown] = [one for one in (await team.ann("POST", "/v1/review/claim", {"count": 9})).body["data"] if one["execution_id"] == corrected]
    assert shown["suggested"] == "billing" and {one["kind"] for one in shown["feedback"]} == {"thumb", "correction"}

    async def all_counted() -> Any:  # a reaction may have come before its execution was counted
        before = (await team.viewer("GET", "/v1/analytics/summary?prompt=route")).body["satisfaction"]
        return before if before["samples"] == 6 else None

    before = await until(all_counted)
    for review in (await team.viewer("GET", "/v1/review")).body["data"]:
        assert (await team.ann("POST", f"/v1/review/{review['id']}/label", {"verdict": "good"})).status == 200
    assert (await team.viewer("GET", "/v1/analytics/summary?prompt=route")).body["satisfaction"] == before


async def test_a_correction_may_be_json_and_is_kept_as_text(team: Team) -> None:
    execution_id = await team.answer("json")
    long = await team.admin("POST", "/v1/feedback", {"execution_id": execution_id, "correction": {"a": "x" * 60_000}})
    assert (long.status, long.body["error"]["param"]) == (422, "correction"), long.body
    await react(team.admin, execution_id, correction={"queue": "billing", "again": [1.0]})

    async def has_come() -> bool:
        return execution_id in await queue_of(team.viewer)

    await until(has_come)
    [shown] = (await team.ann("POST", "/v1/review/claim", {})).body["data"]
    assert shown["suggested"] == '{"again":[1],"queue":"billing"}'


async def test_a_rating_that_came_before_its_execution_was_counted_is_queued_too(team: Team) -> None:
    execution_id = await team.answer("early")
    await asyncio.gather(*(react(team.admin, execution_id, thumb="down", user_id=f"user {n}") for n in range(3)))

    async def has_come() -> bool:
        return await queue_of(team.viewer) == {execution_id: ["low_rated"]}

    await until(has_come)


async def test_a_sample_is_drawn_where_it_was_asked_for(team: Team) -> None:
    assert (await team.ann("PUT", "/v1/review/settings/route", {"sample": 1, "low_rated": False})).status == 200
    sampled = [await team.answer(f"sampled {n}") for n in range(4)]
    await react(team.admin, sampled[0], thumb="down")

    async def has_come() -> bool:
        return await queue_of(team.viewer) == {one: ["sampled"] for one in sampled}

    await until(has_come)

    async def counted() -> bool:
        return bool((await team.viewer("GET", "/v1/analytics/summary?prompt=route")).body["thumbs_down"] == 1)

    await until(counted)
    assert await queue_of(team.viewer, "&reason=low_rated") == {}


async def test_a_full_queue_takes_no_more_answers_and_more_reasons_for_those_that_it_has(team: Team) -> None:
    assert (await team.ann("PUT", "/v1/review/settings", {"sample": 1, "most_waiting": 2})).status == 200
    answers = [await team.answer(f"answer {n}") for n in range(4)]

    async def counted() -> bool:
        return bool((await team.viewer("GET", "/v1/analytics/summary?prompt=route")).body["executions"] == 4)

    await until(counted)
    held = await queue_of(team.viewer)
    assert len(held) == 2 and set(held) < set(answers)
    for one in answers:
        await react(team.admin, one, thumb="down")

    async def heard() -> bool:
        return await queue_of(team.viewer) == {one: ["low_rated", "sampled"] for one in held}

    await until(heard)


@pytest.mark.promise("O-08")
async def test_one_voice_does_not_fill_the_queue(team: Team) -> None:
    """By default 50 of 1,000 waiting answers, here 5 of 12: the rest is for others."""
    assert (await team.ann("PUT", "/v1/review/settings", {"most_waiting": 12})).status == 200
    answers = [await team.answer(f"answer {n}") for n in range(9)]
    for one in answers:
        await react(team.admin, one, thumb="down", correction="spam", user_id="mallory")

    async def counted() -> bool:
        return bool((await team.viewer("GET", "/v1/analytics/summary?prompt=route")).body["thumbs_down"] == 9)

    await until(counted)

    async def has_come() -> bool:
        return len(await queue_of(team.viewer)) == 5

    await until(has_come)
    left = next(iter(set(answers) - set(await queue_of(team.viewer))))
    await react(team.admin, left, thumb="down", user_id="ann")

    async def heard() -> bool:
        return left in await queue_of(team.viewer)

    await until(heard)
