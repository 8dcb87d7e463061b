"""How a tried evaluator asks its judges: each call an execution of the caller's, admitted and paid like any other, and marked as a job's,
so that no evaluator scores it."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from burnish_gateway.access.principal import Principal
from burnish_gateway.deps import Gateway
from burnish_gateway.execution.dispatch import Dispatch
from burnish_gateway.execution.order import Order
from burnish_gateway.execution.submit import Repeated, submit
from burnish_gateway.execution.told import Done
from burnish_shared.contracts.executions import Outcome, Status
from burnish_shared.evaluators import JudgeCall, JudgeReply

JUDGE_DEADLINE_S = 60.0


def asking(gateway: Gateway, principal: Principal, *, evaluator_id: UUID, request_id: str) -> Callable[[JudgeCall], Awaitable[JudgeReply]]:
    """Raises what `submit` raises: a judge that cannot be paid for is told to whoever tries."""

    async def ask(call: JudgeCall) -> JudgeReply:
        order = Order(
            messages=call.messages,
            model=call.model,
            overrides=call.settings,
            metadata={"evaluator_id": str(evaluator_id)},
            deadline_s=JUDGE_DEADLINE_S,
        )
        admitted = await submit(order, gateway=gateway, principal=principal, request_id=request_id)
        if isinstance(admitted, Repeated):
            raise RuntimeError("a call without a key was taken for a repeat")
        request = admitted.request.model_copy(update={"job_id": evaluator_id})
        async for told in Dispatch(gateway, request).follow():
            if isinstance(told, Done):
                return _reply(Outcome.model_validate_json(told.body))
        raise RuntimeError("a dispatch ended without an outcome")

    return ask


def _reply(outcome: Outcome) -> JudgeReply:
    output = (outcome.output or "") if outcome.status is Status.SUCCESS else None
    return JudgeReply(output, outcome.error.message if outcome.error else None, outcome.id, outcome.cost_nusd, outcome.simulated)
