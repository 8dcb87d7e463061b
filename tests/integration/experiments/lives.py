"""What the tests of experiments do with them."""

import asyncio
from typing import Any

from tests.embedded.stack import Answer, Caller
from tests.integration.chains.chains import make_prompt

SLUG = "routing"

USERS = [f"user{n}" for n in range(24)]


async def two_versions(caller: Caller, *, model: str = "simulated/chat") -> None:
    """`routing` with production on version 1, and a version 2."""
    await make_prompt(caller, SLUG, model=model)
    said = [{"role": "user", "content": "Answer {{topic}} in short."}]
    made = await caller("POST", f"/v1/prompts/{SLUG}/versions", {"messages": said, "model": model, "base_version": 1})
    assert made.status == 201, made.body
    placed = await caller("PUT", f"/v1/prompts/{SLUG}/labels/production", {"version": 1})
    assert placed.status == 200, placed.body


def body(**changed: Any) -> dict[str, Any]:
    return {
        "name": "Shorter", "prompt": SLUG, "metric": "success",
        "arms": [{"name": "control", "label": "production"}, {"name": "candidate", "version": 2}], **changed,
    }  # fmt: skip


def ramp(**changed: Any) -> dict[str, Any]:
    arms = [{"name": "control", "label": "production"}, {"name": "candidate", "version": 2}]
    return body(kind="rollout", arms=arms, on_winner="automatic", rollout={"steps": [0.05, 0.5, 1.0], "bake_s": 0}, **changed)


async def drafted(caller: Caller, said: dict[str, Any]) -> str:
    made = await caller("POST", "/v1/experiments", said)
    assert made.status == 201, made.body
    return str(made.body["id"])


async def started(caller: Caller, said: dict[str, Any]) -> str:
    experiment = await drafted(caller, said)
    answer = await caller("POST", f"/v1/experiments/{experiment}/start")
    assert answer.status == 200, answer.body
    return experiment


async def ask(caller: Caller, user: str | None = None, **more: Any) -> Answer:
    told = {} if user is None else {"user_id": user}
    answer = await caller("POST", "/v1/executions", {"prompt": SLUG, "variables": {"topic": "tea"}, **told, **more})
    assert answer.status == 200, answer.body
    return answer


async def arms_of(caller: Caller, users: list[str], **more: Any) -> dict[str, str | None]:
    answers = await asyncio.gather(*(ask(caller, user, **more) for user in users))
    return {user: answer.body["arm"] for user, answer in zip(users, answers, strict=True)}


async def read(caller: Caller, experiment: str) -> Any:
    answer = await caller("GET", f"/v1/experiments/{experiment}")
    assert answer.status == 200, answer.body
    return answer.body


async def until_known(caller: Caller, wanted: set[str | None], *, user: str = "probe", timeout_s: float = 60.0) -> None:
    """Until this gateway gives the user one of these arms: a second at most."""
    async with asyncio.timeout(timeout_s):
        while (await ask(caller, user)).body["arm"] not in wanted:
            await asyncio.sleep(0.02)
