"""From the body of a chat completion to an order. Pure."""

import re
from typing import Any

from burnish_gateway.compat.call_fields import of_call
from burnish_gateway.compat.chat_body import ChatBody, parse_chat_body
from burnish_gateway.compat.format import Chat
from burnish_gateway.compat.target import target_of
from burnish_gateway.execution.group_key import PROMPT_KEY
from burnish_gateway.execution.messages import checked_messages
from burnish_gateway.execution.order import Order
from burnish_gateway.strict_json import parse_json
from burnish_shared.errors import InvalidBody, InvalidField
from burnish_shared.prompt_settings import SETTING_FIELDS

ID_MOST = 200


def parse_chat(raw: bytes) -> Chat:
    """Raises InvalidBody, InvalidField, Unsupported."""
    return chat_of(*parse_chat_body(raw))


def chat_of(body: ChatBody, extra: dict[str, Any]) -> Chat:
    """The same of what `parse_chat_body` gives. Raises InvalidField, Unsupported."""
    prompt, metadata = body.prompt or {}, dict(body.metadata or {})
    target = target_of(body.model, prompt)
    messages = checked_messages(body.messages or [])
    if not messages and target.prompt is None:
        raise InvalidField("messages: at least one is needed.", param="messages")
    name = target.prompt
    said = body.model_fields_set
    overrides: dict[str, Any] = {setting: getattr(body, setting) for setting in SETTING_FIELDS if setting in said}
    if extra:
        overrides["extra"] = extra
    order = Order(
        slug=name.slug if name else None, label=name.label if name else None, version=name.version if name else None,
        messages=messages, model=target.model, variables=variables_of(metadata=metadata, prompt=prompt, given=body.variables),
        overrides=overrides, stream=bool(body.stream),
        user_id=body.user or id_in(metadata, "user_id"),
        session_id=body.session_id or id_in(metadata, "session_id"), app=body.app or id_in(metadata, "app"),
        metadata={name: value for name, value in metadata.items() if name != "variables"}, prompt_key=prompt_key_in(metadata),
        said_as={**target.said_as, **variables_at(metadata=metadata, prompt=prompt, given=body.variables)},
        **of_call(body, metadata, model=target.model),
    )  # fmt: skip
    return Chat(order, include_usage=(body.stream_options or {}).get("include_usage") is True)


def variables_of(*, metadata: dict[str, Any], prompt: dict[str, Any], given: dict[str, Any] | None) -> dict[str, Any]:
    """From all three places; what stands nearer to the call wins."""
    ours, openais = metadata.get("variables"), prompt.get("variables")
    if isinstance(ours, str):
        try:
            ours = parse_json(ours.encode())
        except InvalidBody as error:
            raise InvalidField(f"metadata.variables: is no JSON. {error.message}", param="metadata.variables") from error
    for param, value in (("metadata.variables", ours), ("prompt.variables", openais)):
        if value is not None and not isinstance(value, dict):
            raise InvalidField(f"{param}: must be an object of names and values.", param=param)
    return {**(ours or {}), **(openais or {}), **(given or {})}


def variables_at(*, metadata: dict[str, Any], prompt: dict[str, Any], given: dict[str, Any] | None) -> dict[str, str]:
    """Where the caller says them, for refusals: the place nearest to the call that says any."""
    places = (("prompt.variables", prompt.get("variables")), ("metadata.variables", metadata.get("variables")))
    return {} if given else next(({"variables": name} for name, value in places if value is not None), {})


def prompt_key_in(metadata: dict[str, Any]) -> str | None:
    """What calls without a prompt are grouped by. Raises InvalidField for what could never be the name of a prompt."""
    value = metadata.get("prompt_key")
    if value is not None and not (isinstance(value, str) and re.fullmatch(PROMPT_KEY, value)):
        raise InvalidField("metadata.prompt_key: small letters, digits, - and _, at most 63 characters.", param="metadata.prompt_key")
    return value


def id_in(metadata: dict[str, Any], name: str) -> str | None:
    """Clients in languages that cannot add fields of their own have only `metadata`. None: there is none, or what is there is no text.

    Raises InvalidField for one that is too long: without it nobody's budget would count the call, and no erasure would find it.
    """
    value = metadata.get(name)
    if not isinstance(value, str) or not value:
        return None
    if len(value) > ID_MOST:
        raise InvalidField(f"metadata.{name}: has {len(value):,} characters, and at most {ID_MOST} are kept.", param=f"metadata.{name}")
    return value
