"""The one tool that is more than one call: it looks at a job until it ends or the asker's patience does."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from burnish_gateway.mcp.arguments import identifier
from burnish_gateway.mcp.calls import Answer
from burnish_gateway.mcp.tools import Tool

LOOK_EVERY_S: Final = 1.0

WAIT_MOST_S: Final = 50
"""Clients commonly give up on a call after 60 s (the official TypeScript SDK's DEFAULT_REQUEST_TIMEOUT_MSEC)."""

ENDED: Final = frozenset({"completed", "failed", "cancelled"})

FOLLOW: Final = Tool(
    name="follow_optimization",
    title="Follow an optimization",
    description="Waits until a job ends, for at most `wait_s`, and gives its state: `status`, `progress`, and at the end `outcome`, "
    "`suggestion_id` and `test` (the gain on untouched items, with its interval). Call it again while the status is pending or running.",
    path="/v1/optimizations/{optimization_id}",
    takes={
        "optimization_id": identifier("`id` of start_optimization."),
        "wait_s": {"type": "number", "minimum": 0, "maximum": WAIT_MOST_S, "description": "20 where nothing is said; 0 looks once."},
    },
    needs=("optimization_id",),
)

WAIT_S: Final = 20.0

Tell = Callable[[float, float | None, str], Awaitable[None]]
"""Says how far the job is: evaluations made, evaluations at most where that is known, and a sentence."""


async def follow(
    look: Callable[[], Awaitable[Answer]], *, wait_s: float, tell: Tell, is_over: Callable[[], bool] = lambda: False
) -> Answer:
    """The job at its end, as it is after `wait_s` or once `is_over`, or the first refusal. `tell` hears of each change."""
    told, ends_at = -1.0, asyncio.get_running_loop().time() + wait_s
    while True:
        answer = await look()
        if answer.refused or answer.body.get("status") in ENDED:
            return answer
        progress: Mapping[str, Any] = answer.body.get("progress") or {}
        made = float(progress.get("evaluations") or 0)
        if made > told:
            told = made
            await tell(made, _most(answer.body), f"{answer.body['status']}: {made:.0f} evaluations")
        rest_s = ends_at - asyncio.get_running_loop().time()
        if rest_s <= 0 or is_over():
            return answer
        await asyncio.sleep(min(LOOK_EVERY_S, rest_s))


def _most(job: Mapping[str, Any]) -> float | None:
    evaluations = (job.get("budget") or {}).get("evaluations")
    return float(evaluations) if evaluations else None
