"""Blots out of an execution what its workspace does not want to store, before its row is made (PRODUCT E13).

What the caller is told stays whole: only the record is masked, so a repeat with the same idempotency key gets the masked text. Seals that a
provider draws over its thoughts stay in it: without them it would refuse the next turn. A sealed thought whose text is masked goes, for the
provider would refuse it too, should the record be sent back.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from uuid import UUID

from burnish_executor.looking import length_said, looked
from burnish_shared.asked_json import asks_json
from burnish_shared.beside import over_whole
from burnish_shared.contracts.executions import Beside, Choice, ExecutionRequest, Outcome
from burnish_shared.db.rules_book import RulesBook
from burnish_shared.errors import Unavailable
from burnish_shared.guarding.arguments import changed_text
from burnish_shared.guarding.changes import Editor
from burnish_shared.guarding.masks import blotting
from burnish_shared.guarding.seals import PLACES, unbroken
from burnish_shared.guarding.spans import Finder
from burnish_shared.guarding.texts import MODEL, Change, changed_calls, changed_messages, changed_settings, each_said, each_text, length_of

AGAIN_S: Final = 0.25


@dataclass(frozen=True, slots=True)
class RecordMasks:
    """Every workspace's masking, from memory."""

    book: RulesBook

    async def stored(self, request: ExecutionRequest, outcome: Outcome, *, patience_s: float = 0.0) -> tuple[ExecutionRequest, Outcome]:
        """Both as they are stored. Raises Unavailable where nobody can tell how within `patience_s`."""
        finders = await self._finders(request.workspace_id, patience_s=patience_s)
        if not finders:
            return request, outcome
        given = (request.messages, request.variables, request.settings, request.extra, request.caller.metadata)
        return await looked(length_of(*given) + length_said(outcome), masked, request, outcome, finders)

    async def _finders(self, workspace_id: UUID, *, patience_s: float) -> tuple[Finder, ...]:
        give_up_at = asyncio.get_running_loop().time() + patience_s
        while True:
            try:
                return (await self.book.of(workspace_id)).stored
            except Unavailable:
                if asyncio.get_running_loop().time() >= give_up_at:
                    raise
            await asyncio.sleep(AGAIN_S)

    async def leave_alone(self, request: ExecutionRequest, outcome: Outcome) -> bool:
        """Whether the answer is stored as it is. Where nobody can tell, it is not."""
        try:
            _, stored = await self.stored(request, outcome)
        except Unavailable:
            return False
        return (stored.output, stored.tool_calls, stored.beside) == (outcome.output, outcome.tool_calls, outcome.beside)


def masked(request: ExecutionRequest, outcome: Outcome, finders: Sequence[Finder]) -> tuple[ExecutionRequest, Outcome]:
    """Both, masked. Who asked and for whom (`user_id`, `session_id`) stays: figures and erasure go by it."""
    blot = blotting(finders)
    caller = request.caller.model_copy(update={"metadata": each_text(request.caller.metadata, blot)})
    stored = request.model_copy(
        update={
            "messages": [_unbroken_turn(*both) for both in zip(request.messages, changed_messages(request.messages, blot), strict=True)],
            "variables": each_text(request.variables, blot),
            "settings": changed_settings(request.settings, blot),
            "caller": caller,
        }
        | ({"extra": each_text(request.extra, blot)} if request.extra else {})
    )
    changes: dict[str, Any] = {}
    answer = partial(changed_text, editor=blot) if asks_json(request.settings, request.output_format) else blot
    if outcome.output:
        changes["output"] = answer(outcome.output)
    if outcome.tool_calls:
        changes["tool_calls"] = changed_calls(outcome.tool_calls, blot)
    if outcome.choices:
        changes["choices"] = [_blotted_choice(one, blot, answer) for one in outcome.choices]
    if outcome.beside is not None:
        beside = _blotted_beside(outcome.beside, blot)
        changes["beside"] = over_whole(beside, before=outcome.output, after=changes.get("output", outcome.output))
    if outcome.error is not None:
        changes["error"] = outcome.error.model_copy(update={"message": blot(outcome.error.message)})
    if outcome.attempts:
        changes["attempts"] = [one.model_copy(update={"error": blot(one.error)}) if one.error else one for one in outcome.attempts]
    return stored, outcome.model_copy(update=changes)


def _unbroken_turn(before: Mapping[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """A message that was masked, without thoughts whose seal was broken."""
    if before.get("role") != MODEL or before == after:
        return after
    whole = {name: unbroken(before[name], one) if name in PLACES or name == "content" else one for name, one in after.items()}
    whole |= {"content": ""} if whole.get("content") == [] and after["content"] else {}
    return {name: one for name, one in whole.items() if one != [] or not after[name]}


def _blotted_beside(beside: Beside, blot: Editor) -> Beside:
    before = beside.model_dump()
    after = unbroken(before, each_said(before, blot))
    return Beside.model_validate({name: None if one == [] and before[name] else one for name, one in after.items()})


def _blotted_choice(choice: Choice, blot: Editor, answer: Change) -> Choice:
    """Probabilities are told by token, in which nothing can be found, so they go."""
    calls = changed_calls(choice.tool_calls, blot) if choice.tool_calls else None
    return choice.model_copy(
        update={"output": answer(choice.output) if choice.output else choice.output, "tool_calls": calls, "logprobs": None}
        | ({"beside": _blotted_beside(choice.beside, blot)} if choice.beside else {})
    )
