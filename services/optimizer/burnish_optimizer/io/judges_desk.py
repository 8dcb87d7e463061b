"""How evaluators ask their judges: each call an evaluation at a desk, so an execution of its own, on the batch lane, bought once.

It names no prompt, so it is nobody's traffic, is never scored itself, and counts against the budget that pays for it alone.
"""

import asyncio
import hashlib
import json
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from burnish_optimizer.core.hold import capped
from burnish_optimizer.io import runs_store
from burnish_optimizer.io.evaluations import Desk
from burnish_optimizer.io.evaluations_store import Key
from burnish_optimizer.io.questions import Answer, EvaluationFailed, OutOfFunds, Question
from burnish_optimizer.io.runs_store import CallableModel
from burnish_shared.db.session import Database
from burnish_shared.errors import InvalidField, NoProviderKey
from burnish_shared.evaluators import CannotPay, JudgeCall, JudgeReply

JUDGE_TIMEOUT_S: Final = 60.0

REMEMBERED_S: Final = 5.0
"""So long a refusal by money stands for the calls after it: else each of thousands would be sent to be refused."""

COUNTED_MOST: Final = 4_096
"""So many calls back it is known whose cost was told; equal questions are about one answer, so they come close together."""

MODEL_KEPT_S: Final = 10.0
"""So long a model's address and price are used without another look."""


@dataclass(slots=True)
class JudgesDesk:
    """Asks through `desk`. `about`: what the calls of judges carry as metadata beside the answer's id."""

    desk: Desk
    db: Database
    about: dict[str, str]
    _models: dict[str, tuple[float, CallableModel | str]] = field(default_factory=dict)
    _looking: asyncio.Lock = field(default_factory=asyncio.Lock)
    _refused: tuple[float, CannotPay] | None = None
    _counted: OrderedDict[UUID, None] = field(default_factory=OrderedDict)

    async def ask(self, call: JudgeCall) -> JudgeReply:
        """What the judge said. Raises CannotPay; `Unavailable` while PostgreSQL is away."""
        now = asyncio.get_running_loop().time()
        if self._refused is not None and now < self._refused[0]:
            raise CannotPay(self._refused[1].kind, self._refused[1].message, verdict=self._refused[1].verdict)
        model = await self._model(call.model, now=now)
        if isinstance(model, str):
            return JudgeReply(None, model)
        settings = capped(call.settings, output_tokens_most=model.facts.output_tokens)
        try:
            answer = await self.desk.ask(
                Question(
                    key=Key(_fingerprint(call), UUID(call.subject), 0),
                    route=model.route,
                    messages=call.messages,
                    variables={},
                    settings=settings,
                    timeout_s=JUDGE_TIMEOUT_S,
                    metadata=self.about | {"judged": call.subject},
                )
            )
        except OutOfFunds as error:
            cannot = _cannot(error)
            self._refused = (now + REMEMBERED_S, cannot)
            raise cannot from error
        except EvaluationFailed as error:
            return JudgeReply(None, error.message)
        why = None if answer.output is not None else str((answer.error or {}).get("message") or "it failed")
        return JudgeReply(answer.output, why, answer.execution_id, self._cost_of(answer), answer.simulated)

    def _cost_of(self, answer: Answer) -> int:
        """What the answer cost, for the first who asked: equal questions share one call, and it was paid once."""
        if answer.execution_id in self._counted:
            return 0
        self._counted[answer.execution_id] = None
        if len(self._counted) > COUNTED_MOST:
            self._counted.popitem(last=False)
        return answer.cost_nusd

    async def _model(self, name: str, *, now: float) -> CallableModel | str:
        """The model as the workspace may call it, or why it cannot be called."""
        async with self._looking:  # All answers of a run come at once: one of them looks, the others use what it found.
            kept = self._models.get(name)
            if kept is None or kept[0] < now:
                kept = self._models[name] = (now + MODEL_KEPT_S, await self._look(name))
        return kept[1]

    async def _look(self, name: str) -> CallableModel | str:
        try:
            async with self.db.unit_of_work(workspace=self.desk.workspace_id) as tx:
                return await runs_store.load_model(tx, self.desk.workspace_id, name)
        except (InvalidField, NoProviderKey) as error:
            return error.message


def _cannot(error: OutOfFunds) -> CannotPay:
    if error.reason == "budget":
        return CannotPay("capped", "the spend cap of the live evaluation, or a budget of the workspace, was reached", verdict=error.reason)
    return CannotPay("unfunded", f"the workspace could not pay for a judge ({error.reason})", verdict=error.reason)


def _fingerprint(call: JudgeCall) -> bytes:
    """Names a question: the same one about the same answer is not asked twice."""
    text = json.dumps([call.model, call.messages, call.settings], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
