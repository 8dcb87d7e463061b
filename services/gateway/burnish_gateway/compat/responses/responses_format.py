"""OpenAI's Responses API as a format."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from fastapi.responses import Response

from burnish_gateway.compat.call_fields import of_call
from burnish_gateway.compat.chat import ID_MOST, id_in, prompt_key_in, variables_at, variables_of
from burnish_gateway.compat.error_answer import openai_error
from burnish_gateway.compat.format import Chat, Facts
from burnish_gateway.compat.responses.answer import response
from burnish_gateway.compat.responses.body import ResponsesBody, parse_responses_body, repeated_in
from burnish_gateway.compat.responses.conversation import messages_of, settings_of
from burnish_gateway.compat.responses.earlier import previous_in
from burnish_gateway.compat.responses.events import ResponseEvents
from burnish_gateway.compat.responses.tools import tools_of
from burnish_gateway.compat.target import target_of
from burnish_gateway.execution.order import Order
from burnish_shared.errors import BurnishError, InvalidField

SETTINGS_AS: Final = {
    "max_completion_tokens": "max_output_tokens",
    "reasoning_effort": "reasoning.effort",
    "response_format": "text.format",
}
"""How this format calls settings of ours."""


@dataclass(frozen=True, slots=True)
class ResponsesFormat:
    """`POST /v1/responses`. What an answer that it names was about is put before it (recall.py)."""

    route: str = "responses"

    def parse(self, raw: bytes) -> Chat:
        body = parse_responses_body(raw)
        return Chat(
            _order(body),
            repeated=repeated_in(body),
            goes_on=previous_in(body.previous_response_id),
            is_instructed=bool(body.instructions),
            is_followed=bool(body.background and body.stream),
        )

    def answer(self, outcome: Facts, *, chat: Chat) -> bytes:
        return response(outcome, repeated=chat.repeated, named=chat.order.called_as)

    def events(self, execution_id: UUID, *, model: str, simulated: bool, chat: Chat) -> ResponseEvents:
        return ResponseEvents(str(execution_id), model, simulated, chat.repeated, chat.order.called_as)

    def refuse(self, error: BurnishError, *, request_id: str) -> Response:
        return openai_error(error, request_id=request_id)


def _order(body: ResponsesBody) -> Order:
    prompt, metadata = _with_plain_variables(body.prompt or {}), dict[str, Any](body.metadata or {})
    functions, called_as = tools_of(body.tools, body.input)
    target, settings = target_of(body.model, prompt), settings_of(body, tools=functions)
    name, messages = target.prompt, messages_of(body)
    if not messages and name is None:
        raise InvalidField("input: is needed.", param="input")
    return Order(
        slug=name.slug if name else None, label=name.label if name else None, version=name.version if name else None,
        messages=messages, model=target.model, overrides=settings,
        stream=bool(body.stream) and not body.background, background=bool(body.background),
        variables=variables_of(metadata=metadata, prompt=prompt, given=body.variables),
        user_id=body.user or body.safety_identifier or id_in(metadata, "user_id"),
        session_id=body.session_id or id_in(metadata, "session_id") or _session_of_client(body), app=body.app or id_in(metadata, "app"),
        metadata={name: value for name, value in metadata.items() if name != "variables"}, prompt_key=prompt_key_in(metadata),
        called_as=called_as,
        said_as={
            **target.said_as, **variables_at(metadata=metadata, prompt=prompt, given=body.variables),
            **{ours: theirs for ours, theirs in SETTINGS_AS.items() if ours in settings},
        },
        **of_call(body, metadata, model=target.model),
    )  # fmt: skip


def _session_of_client(body: ResponsesBody) -> str | None:
    """Codex says beside the rest to which of its sessions a call belongs."""
    said = (body.model_extra or {}).get("client_metadata")
    session = said.get("session_id") if isinstance(said, dict) else None
    return session if isinstance(session, str) and 0 < len(session) <= ID_MOST else None


def _with_plain_variables(prompt: dict[str, Any]) -> dict[str, Any]:
    """OpenAI lets the value of a variable be a text or a part of a message that holds one."""
    given = prompt.get("variables")
    if not isinstance(given, dict):
        return prompt
    return prompt | {"variables": {name: _plain(value) for name, value in given.items()}}


def _plain(value: Any) -> Any:
    is_text = isinstance(value, dict) and value.get("type") == "input_text" and isinstance(value.get("text"), str)
    return value["text"] if is_text else value
