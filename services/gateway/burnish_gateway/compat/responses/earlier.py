"""The conversation of an earlier answer (`previous_response_id`) before a call's own messages. Pure.

Source: https://platform.openai.com/docs/guides/conversation-state (passing context from the previous response).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from burnish_gateway.compat.format import Chat, Facts
from burnish_gateway.compat.responses.references import Said
from burnish_gateway.execution.messages import MESSAGES_MOST, checked_messages
from burnish_gateway.execution.unsupported import Unsupported
from burnish_shared.errors import BurnishError, InvalidField

NAME: Final = "previous_response_id"

OURS: Final = re.compile(r"(?:resp_)?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\Z")

INSTEAD: Final = "send the conversation so far as input"

AT_PLACE: Final = re.compile(r"messages\[\d+\][^:]*: ")


def previous_in(named: str | None) -> UUID | None:
    """The execution whose conversation goes on; None where none is named. Raises InvalidField for an id that is none of ours."""
    if not named:
        return None
    found = execution_in(named)
    if found is None:
        raise not_kept()
    return found


def execution_in(named: str) -> UUID | None:
    """The execution that the id of a response names, with OpenAI's `resp_` before it or without; None for an id that is none of ours."""
    found = OURS.match(named)
    return UUID(found[1]) if found is not None else None


def going_on(chat: Chat, *, messages: Any, said: Said, is_of_a_prompt: bool) -> Chat:
    """The call with the earlier conversation before its own messages. `messages`: what that model was sent, `said`: what it said, as the
    books keep both. Instructions of now take the place of a first message of `system`.

    Raises InvalidField where that was no conversation, or where it holds what cannot be sent again, such as a picture of which only the
    name is kept, and Unsupported where a prompt began it and this call names one too: its text would be said twice.
    """
    if is_of_a_prompt and chat.order.slug is not None:
        raise Unsupported(f"{NAME}: a prompt began that conversation and its text is part of it; name a model and no prompt.", param=NAME)
    answer = _answer(said)
    if answer is None or not isinstance(messages, list) or not messages or not all(isinstance(one, dict) for one in messages):
        raise not_kept()
    own: Sequence[Facts] = chat.order.messages or []
    leading = own[:1] if chat.is_instructed else []
    earlier = messages[1:] if leading and messages[0].get("role") == "system" else messages
    if len(earlier) + len(own) >= MESSAGES_MOST:
        raise InvalidField(f"{NAME}: with it the call has more than {MESSAGES_MOST:,} messages.", param=NAME)
    made = [*leading, *_checked(earlier), answer, *own[len(leading) :]]
    return replace(chat, order=replace(chat.order, messages=made, previous_id=chat.goes_on))


def not_kept() -> InvalidField:
    why = "it was deleted or erased, failed, or its text was not stored (store: false, or a setting of the workspace)"
    return InvalidField(f"{NAME}: no answer of this id is kept here: {why}; {INSTEAD}.", param=NAME)


def _checked(messages: Sequence[Facts]) -> list[Facts]:
    """Those that a call of ours may send: what came in from elsewhere was stored as it came."""
    try:
        return checked_messages(messages)
    except BurnishError as error:
        why = AT_PLACE.sub("", error.message, count=1)
        raise InvalidField(
            f"{NAME}: that conversation holds what cannot be sent again ({why.rstrip('.')}); {INSTEAD}.", param=NAME
        ) from error


def _answer(said: Said) -> Facts | None:
    """What the model thought, said and called, as the message that it is sent back as; None: nothing."""
    text = said.output or _text(said.beside.get("refusal")) or None
    if text is None and not said.tool_calls:
        return None
    made: Facts = {"role": "assistant", "content": text}
    if said.tool_calls:
        made["tool_calls"] = said.tool_calls
    return made | _thoughts(said.beside)


def _thoughts(beside: Mapping[str, Any]) -> Facts:
    named = {"reasoning_content": beside.get("reasoning"), "thinking_blocks": beside.get("thinking")}
    return {name: value for name, value in named.items() if value}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
