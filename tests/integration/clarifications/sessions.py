"""What the tests of clarifying sessions do with them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from tests.embedded.stack import Caller, Stack

ROUGH = {"initial_prompt": "Answer customers who write about late parcels.", "selections": {"tone": "kind"}}


async def start(caller: Caller, **more: Any) -> Any:
    made = await caller("POST", "/v1/clarifications", ROUGH | more)
    assert made.status == 201, made.body
    return made.body


def replies(session: Any, word: str = "said") -> list[dict[str, Any]]:
    """An answer to each open question, of its kind."""
    made: list[dict[str, Any]] = []
    for one in session["questions"]:
        answer = {"text": f"{word} to {one['id']}", "choice": None, "multiple_choice": None}[one["type"]]
        if one["type"] == "choice":
            answer = one["options"][0]
        if one["type"] == "multiple_choice":
            answer = one["options"][:2]
        made.append({"question_id": one["id"], "answer": answer})
    return made


async def reply(caller: Caller, session: Any, given: list[dict[str, Any]] | None = None, *, status: int = 200) -> Any:
    answer = await caller("POST", f"/v1/clarifications/{session['id']}/answers", {"answers": given or replies(session)})
    assert answer.status == status, answer.body
    return answer.body


async def write(caller: Caller, session: Any, *, status: int = 200) -> Any:
    answer = await caller("POST", f"/v1/clarifications/{session['id']}/final-prompt")
    assert answer.status == status, answer.body
    return answer.body


async def read(caller: Caller, session: Any) -> Any:
    answer = await caller("GET", f"/v1/clarifications/{session['id']}")
    assert answer.status == 200, answer.body
    return answer.body


async def until(caller: Caller, session_id: str, *statuses: str, timeout_s: float = 60) -> Any:
    body: Any = None
    try:
        async with asyncio.timeout(timeout_s):
            while True:
                body = (await caller("GET", f"/v1/clarifications/{session_id}")).body
                if body["status"] in statuses and body["task"] is None:
                    return body
                await asyncio.sleep(0.03)
    except TimeoutError:
        raise AssertionError(f"still {body}") from None


@contextlib.asynccontextmanager
async def fault(stack: Stack, text: str) -> AsyncIterator[None]:
    """Happens to every call of `simulated/interviewer`, and to no other."""
    async with stack.session.put(f"{stack.simulator}/faults", json={"model": "interviewer", "fault": text}) as answer:
        assert answer.status < 300, await answer.text()
    try:
        yield
    finally:
        async with stack.session.delete(f"{stack.simulator}/faults"):
            pass
