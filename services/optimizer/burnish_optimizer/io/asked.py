"""A question of a job on its way, how its answer counts, and what who asked is told."""

import asyncio
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from burnish_optimizer.core.retry import RESTING
from burnish_optimizer.core.scoring import is_right
from burnish_optimizer.core.unreached import Routes, Verdict
from burnish_optimizer.io.evaluations_store import Booked
from burnish_optimizer.io.questions import Answer, EvaluationFailed, ModelUnreached, Question
from burnish_shared.errors import BurnishError
from burnish_shared.ids import new_uuid

PUT_RIGHT: Final = "Its provider key, its name or its address has to be put right first."
"""Also true where nothing is started again: of a judge of live answers."""

SENT_MOST: Final = 4
"""So often is a silent evaluation sent again before its job gives up."""


@dataclass(slots=True)
class Asked:
    """`execution_id`, `attempt` and what was spent before are of the execution that is under way, and of those before it."""

    question: Question
    answer: "asyncio.Future[Answer]"
    execution_id: UUID = field(default_factory=new_uuid)
    attempt: int = 1
    was_known: bool = False
    """Its row was answered before it was asked here."""
    was_read: bool = False
    """So its row says: it has a score."""
    spent_before_nusd: int = 0
    was_taken_over: bool = False
    """An earlier claim gave its row this execution, and may have sent it."""
    sent: int = 0
    refused: int = 0
    """So many of the messages that were sent came back as not admitted, or are known to have been while nobody listened."""
    sent_at: float = 0.0
    look_at: float = 0.0
    said: str = ""
    """Why it failed when a provider was last asked."""
    askers: int = 0
    """So many wait for its answer."""

    @property
    def nowhere(self) -> UUID | None:
        """Its execution, where that is certainly under way nowhere: it is of this desk, and whatever was sent of it came back."""
        return None if self.was_taken_over or self.sent > self.refused else self.execution_id

    def hear(self, booked: Booked) -> None:
        """Keeps why it failed, to be told once no try is left. Of a provider that was left alone the failures before say more."""
        if not self.said or (booked.error or {}).get("code") != RESTING:
            self.said = str((booked.error or {}).get("message") or booked.status)[:300]

    async def wait(self) -> Answer:
        """Its answer, once there is one, or what it was refused with. Whoever leaves does not take it from those who share it."""
        self.askers += 1
        try:
            return await asyncio.shield(self.answer)
        finally:
            self.askers -= 1

    def message_id(self, fence: int) -> str:
        """Of its next message. That of the first is the same for every claim: what an earlier one sent is not sent twice."""
        return f"{self.execution_id}:{self.attempt}:{f'{fence}.{self.sent}' if self.sent else 0}"


def verdict_on(routes: Routes, asked: Asked, booked: Booked, *, is_known: bool) -> Verdict:
    """Whether a model read it. Of a line of a batch nothing depends on it: whatever came is what it gets, and it waits for no other."""
    if booked.status == "success" or asked.was_read or asked.question.made is not None:
        return Verdict.READ
    key = asked.question.key
    text = key.item_id if key.item_id.int else key.question
    return routes.verdict_on(route_of(asked.question), booked.error, text=text, is_known=is_known)


def route_of(question: Question) -> tuple[str, str, str | None]:
    """A model with the keys that are tried for it."""
    return question.route.model, question.route.keys, question.route.provider_key_id


def score_of(asked: Asked, booked: Booked, *, unreached: bool) -> float | None:
    """None where nothing was expected, and where no model read the question: that is no wrong answer."""
    expected = asked.question.expected
    if expected is None or unreached:
        return None
    return float(booked.status == "success" and is_right(booked.output, expected=expected))


def tell(asked: Asked, booked: Booked, spent_nusd: int, *, unreached: bool) -> None:
    """Gives the answer to who asked: what failed for good reason is an answer without output; what kept failing, or was read by no model,
    is an error."""
    asked.hear(booked)
    if booked.status != "success" and (booked.error or {}).get("retryable", True):
        refuse(asked, EvaluationFailed(f"A call of {asked.question.route.model} failed {asked.attempt} times: {asked.said}"))
        return
    if unreached:
        why = _ended(asked.said)
        told = f"The model {asked.question.route.model} could not be asked, so nothing is known of its answers: {why} {PUT_RIGHT}"
        refuse(asked, ModelUnreached(told, error=booked.error or {}))
        return
    if not asked.answer.done():
        asked.answer.set_result(
            Answer(
                execution_id=booked.execution_id,
                output=booked.output if booked.status == "success" else None,
                error=booked.error,
                cost_nusd=spent_nusd,
                latency_ms=booked.latency_ms,
                simulated=booked.simulated,
            )
        )


def refuse(asked: Asked, error: BurnishError) -> None:
    """Gives who asked an error, unless they have an answer."""
    if not asked.answer.done():
        asked.answer.set_exception(error)


def _ended(sentence: str) -> str:
    """A provider's words often end without a full stop, and ours follow."""
    return sentence if sentence.endswith((".", "!", "?", "…")) else f"{sentence}."
