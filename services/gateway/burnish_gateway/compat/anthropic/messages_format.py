"""Anthropic's messages as a format."""

import re
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from fastapi.responses import Response

from burnish_gateway.compat.anthropic.answer import message
from burnish_gateway.compat.anthropic.body import MessagesBody, parse_messages_body
from burnish_gateway.compat.anthropic.conversation import messages_of, settings_of
from burnish_gateway.compat.anthropic.errors import anthropic_error
from burnish_gateway.compat.anthropic.events import MessageEvents
from burnish_gateway.compat.anthropic.who import who_in
from burnish_gateway.compat.call_fields import of_call
from burnish_gateway.compat.chat import id_in, prompt_key_in, variables_at, variables_of
from burnish_gateway.compat.format import Chat, Facts
from burnish_gateway.compat.target import target_of
from burnish_gateway.execution.order import Order
from burnish_shared.errors import BurnishError, InvalidField

SETTINGS_AS: Final = {"stop": "stop_sequences", "response_format": "output_config.format", "parallel_tool_calls": "tool_choice"}
"""How this format calls settings of ours."""

BETA: Final = r"[A-Za-z0-9._,; -]{1,1000}"


@dataclass(frozen=True, slots=True)
class AnthropicFormat:
    """`POST /v1/messages`. Usage comes with the end of a stream. `beta`: the header of the same end. `body`: of what kind it is."""

    route: str = "messages"
    beta: str | None = None
    body: type[MessagesBody] = MessagesBody

    def parse(self, raw: bytes) -> Chat:
        return Chat(_order(*parse_messages_body(raw, kind=self.body), beta=self.beta))

    def answer(self, outcome: Facts, *, chat: Chat) -> bytes:
        return message(outcome)

    def events(self, execution_id: UUID, *, model: str, simulated: bool, chat: Chat) -> MessageEvents:
        return MessageEvents(str(execution_id), model, simulated)

    def refuse(self, error: BurnishError, *, request_id: str) -> Response:
        return anthropic_error(error, request_id=request_id)


def checked_beta(beta: str | None) -> str | None:
    """The header as it came; None where it names nothing, as Anthropic's packages send it for an empty list. Raises InvalidField."""
    if beta is not None and not beta.strip():
        return None
    if beta is not None and not re.fullmatch(BETA, beta):
        raise InvalidField("anthropic-beta: names of features with commas between them, at most 1000 characters.", param="anthropic-beta")
    return beta


def _order(body: MessagesBody, extra: dict[str, Any], *, beta: str | None) -> Order:
    beta = checked_beta(beta)
    metadata: dict[str, Any] = dict(body.metadata or {})
    target = target_of(body.model, {})
    name = target.prompt
    if not body.messages and name is None:
        raise InvalidField("messages: at least one is needed.", param="messages")
    settings, (user_id, session_id) = settings_of(body), who_in(metadata)
    said_as = {
        **target.said_as, **variables_at(metadata=metadata, prompt={}, given=body.variables),
        **{ours: theirs for ours, theirs in SETTINGS_AS.items() if ours in settings},
    }  # fmt: skip
    return Order(
        slug=name.slug if name else None, label=name.label if name else None, version=name.version if name else None,
        messages=messages_of(body), model=target.model, stream=bool(body.stream),
        overrides=settings | ({"extra": extra} if extra else {}), spoken="anthropic", beta=beta, cap_bends=True,
        variables=variables_of(metadata=metadata, prompt={}, given=body.variables), user_id=user_id,
        session_id=body.session_id or session_id, app=body.app or id_in(metadata, "app"),
        metadata={name: value for name, value in metadata.items() if name not in ("variables", "user_id")},
        prompt_key=prompt_key_in(metadata), said_as=said_as, **of_call(body, metadata, model=target.model),
    )  # fmt: skip
