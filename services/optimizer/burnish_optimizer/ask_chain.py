"""Runs a chain with a candidate in one of its steps: each call an evaluation at the job's desk, so paid by the job and bought once.

The walk is the gateway's (burnish_shared/chains/walk.py). Steps that are ready at once are asked at once, and taken in the order in which
they are written, so that the same answers go the same way whichever comes first.
"""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from burnish_optimizer.core.candidate import Asked
from burnish_optimizer.core.chain_steps import ChainSteps, StepPrompt, expected_of, output_of, question_of, refused, result_of
from burnish_optimizer.core.hold import capped
from burnish_optimizer.io.datasets_store import DatasetItem
from burnish_optimizer.io.evaluations import Desk
from burnish_optimizer.io.evaluations_store import Key
from burnish_optimizer.io.questions import Answer, ModelUnreached, Question
from burnish_optimizer.io.runs_store import CallableModel
from burnish_shared.chains.variables import variables_of_item
from burnish_shared.chains.walk import Finished, Ready, Result, advance
from burnish_shared.contracts.executions import PromptRef
from burnish_shared.errors import InvalidField, MissingVariables
from burnish_shared.prompt_settings import extra_of, settings_of, with_overrides

NOBODY: Final = UUID(int=0)
"""The execution of a run that asked nothing."""


@dataclass(frozen=True, slots=True)
class Ran:
    """One run of the chain on an item. `answer`: its output, with what all calls cost; `paid_nusd`: of that, what was not paid before.

    `expected`: as the output is spelled; None: there is no right answer.
    """

    answer: Answer
    paid_nusd: int
    expected: str | None
    variables: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Walked:
    """`answer`: of the whole chain, with what its `calls` cost, and the execution of the last of them."""

    answer: Answer
    calls: list[Answer]


@dataclass(slots=True)
class ChainUnderTest:
    """The chain of a job or a test run, at its desk."""

    steps: ChainSteps
    desk: Desk
    models: Mapping[str, CallableModel]
    about: dict[str, Any]
    _paid: set[UUID] = field(default_factory=set)

    async def run(self, asked: Asked, item: DatasetItem, *, model: str, ref: PromptRef | None) -> Ran:
        """With a candidate in the searched step. Raises as `walk` does."""
        overrides = {} if self.steps.step is None else self.steps.calls[self.steps.step].overrides
        own = StepPrompt(asked.renderer, with_overrides(asked.fields, overrides), model, ref)
        whole, state, variables = await self.walk(item.item_id, item.input, own=own)
        paid_nusd = sum(one.cost_nusd for one in whole.calls if self._is_new(one.execution_id))
        return Ran(whole.answer, paid_nusd, expected_of(item.expected, finished=state), variables)

    async def walk(
        self, item_id: UUID, given: str | dict[str, Any], *, own: StepPrompt | None = None, repeat: int = 0, traceparent: str | None = None
    ) -> tuple[Walked, Finished, dict[str, Any]]:
        """The chain from its beginning to its end on one input; also the variables that it was given.

        Raises InvalidField and MissingVariables where that is no input of the chain, and what asking raises.
        """
        variables = variables_of_item(self.steps.chain, given)
        results: dict[str, Result] = {}
        answers: list[Answer] = []
        latency_ms = 0
        while not isinstance(state := advance(self.steps.chain, variables, results), Finished):
            asking = [
                self._ask(one, self.steps.prompt_of(one.id, own), item_id, repeat=repeat, traceparent=traceparent) for one in state.ready
            ]
            ended = await _all(asking)
            said = [answer for _, answer in ended if answer is not None]
            results |= {one.id: result for one, (result, _) in zip(state.ready, ended, strict=True)}
            answers += said
            latency_ms += max((one.latency_ms or 0 for one in said), default=0)
        whole = Answer(
            execution_id=answers[-1].execution_id if answers else NOBODY,
            output=output_of(state),
            error=state.error,
            cost_nusd=sum(one.cost_nusd for one in answers),
            latency_ms=latency_ms,
            simulated=any(one.simulated for one in answers),
        )
        return Walked(whole, answers), state, variables

    async def _ask(
        self, ready: Ready, prompt: StepPrompt, item_id: UUID, *, repeat: int, traceparent: str | None
    ) -> tuple[Result, Answer | None]:  # fmt: skip
        try:
            messages, variables = prompt.renderer.messages_for(ready.variables)
        except (InvalidField, MissingVariables) as error:
            return refused(error), None
        model = self.models[prompt.model]
        settings = capped(settings_of(prompt.fields), output_tokens_most=model.facts.output_tokens)
        extra = extra_of(prompt.fields)
        asked = settings | ({"extra": extra} if extra else {})
        asking = self.desk.ask(
            Question(
                key=Key(question_of(ready.id, model=prompt.model, messages=messages, settings=asked), item_id, repeat, ready.id),
                route=model.route,
                messages=messages,
                variables=variables,
                settings=settings,
                extra=extra,
                timeout_s=min(prompt.timeout_s, ready.call.deadline_s or prompt.timeout_s),
                prompt=prompt.ref,
                output_format=prompt.output_format,
                metadata=self.about | {"chain": self.steps.slug, "chain_step": ready.id},
                traceparent=traceparent,
            )
        )
        try:
            answer = await asking
        except ModelUnreached as error:
            if not self.steps.has_way_out(ready.id):
                raise
            return result_of(None, error.error, prompt=prompt), None
        return result_of(answer.output, answer.error, prompt=prompt), answer

    def _is_new(self, execution_id: UUID) -> bool:
        """Candidates share what they ask alike: it counts as spent once."""
        is_new = execution_id not in self._paid
        self._paid.add(execution_id)
        return is_new


async def _all(waiting: Sequence[Coroutine[Any, Any, tuple[Result, Answer | None]]]) -> list[tuple[Result, Answer | None]]:
    """Results in order. When one fails, or this is cancelled, the others are cancelled too."""
    tasks = [asyncio.ensure_future(one) for one in waiting]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()
