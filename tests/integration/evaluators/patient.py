"""A caller who asks again where no worker was ready yet to look at an evaluator: starting one takes seconds on a busy machine."""

import asyncio
from typing import Any

from tests.embedded.stack import Answer, Caller, Stack

PATIENCE_S = 60.0


class PatientCaller(Caller):
    """As the answers say that one may: a 503, or no score but the wish to be tried again."""

    async def __call__(self, *asked: Any, **more: Any) -> Answer:
        async with asyncio.timeout(PATIENCE_S):
            while _is_busy(answer := await Caller.__call__(self, *asked, **more)):
                await asyncio.sleep(0.25)
        return answer


def _is_busy(answer: Answer) -> bool:
    if answer.status == 503:
        return True
    says = answer.body if isinstance(answer.body, dict) else {}
    return says.get("unavailable") == "unavailable" and str(says.get("reason")).endswith("try again")


async def patient_caller(stack: Stack, *, role: str = "admin") -> PatientCaller:
    """A key of a fresh workspace."""
    one = await stack.caller(role=role)
    return PatientCaller(one.session, one.url, one.key, one.workspace)
