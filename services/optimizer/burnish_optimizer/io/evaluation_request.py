"""What an executor is asked for one question of a job."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from burnish_optimizer.io.questions import Question
from burnish_shared.contracts.executions import Caller, ExecutionRequest, Lane
from burnish_shared.evaluation_hold import hold_nusd

QUEUE_LIMIT_S: Final = 86_400.0
RUN_LIMIT_S: Final = 120.0
"""The executor sets the real deadline when it claims; this one stands in the message until then."""


def request_of(
    question: Question, execution_id: UUID, accounts: Sequence[int], *, workspace_id: UUID, owner_id: UUID, now: datetime, stores_text: bool
) -> ExecutionRequest:
    """On the batch lane, as the gateway made it where it did. `accounts`: who pays, and what it counts against beside. `stores_text`: of
    the workspace; an answer is told to whoever asked in any case."""
    deadlines = {"deadline_at": now + timedelta(seconds=RUN_LIMIT_S), "queue_deadline_at": now + timedelta(seconds=QUEUE_LIMIT_S)}
    if question.made is not None:
        return question.made.model_copy(
            update={
                "execution_id": execution_id, "lane": Lane.BATCH, "fence": 1, "account_ids": list(accounts), "job_id": owner_id,
                "sent_at": now, **deadlines,
            }
        )  # fmt: skip
    return ExecutionRequest(
        execution_id=execution_id,
        workspace_id=workspace_id,
        lane=Lane.BATCH,
        fence=1,
        hold_nusd=hold_nusd(question.messages, question.settings, question.route, extra=question.extra),
        account_ids=list(accounts),
        prompt=question.prompt,
        route=question.route,
        messages=question.messages,
        variables=question.variables,
        settings=question.settings,
        extra=question.extra,
        output_format=question.output_format,
        timeout_s=question.timeout_s,
        caller=Caller(metadata=question.metadata),
        store_content=stores_text,
        job_id=owner_id,
        traceparent=question.traceparent,
        sent_at=now,
        **deadlines,
    )
