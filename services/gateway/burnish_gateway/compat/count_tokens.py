"""How many tokens a call would send, in the words of a format: nothing is asked of a model, held for, or kept."""

from collections.abc import Callable
from typing import Any

from fastapi import Request
from fastapi.responses import Response

from burnish_gateway.access.principal import Role
from burnish_gateway.compat.format import Format
from burnish_gateway.compat.recall import Recall, go_on
from burnish_gateway.deps import gateway_of, request_id_of, verified_caller
from burnish_gateway.execution.order import extra_of, messages_of
from burnish_gateway.execution.told_place import told_as
from burnish_gateway.other_bodies import parsed
from burnish_gateway.routing.choose_way import choose_way
from burnish_gateway.wire import CHAT_MOST_BYTES, json_response, read_body
from burnish_shared.errors import BurnishError
from burnish_shared.prompt_settings import with_overrides
from burnish_shared.tokens import input_tokens_of

Answer = Callable[[int], dict[str, Any]]


async def count_tokens(request: Request, *, format: Format, answer: Answer, recall: Recall | None = None) -> Response:
    """Never raises a BurnishError: clients of a format know errors in its own words only. `recall`: fills in what a body only names."""
    try:
        return json_response(answer(await _counted(request, format, recall)) | {"source": "estimated"})
    except BurnishError as error:
        return format.refuse(error, request_id=request_id_of(request))


async def _counted(request: Request, format: Format, recall: Recall | None) -> int:
    """By length, from above: the figure that the same call would be held for. Of a prompt its text is counted, filled in."""
    gateway, principal = gateway_of(request), await verified_caller(request, Role.VIEWER)
    raw = await read_body(request, most_bytes=CHAT_MOST_BYTES)
    whole = raw if recall is None else (await recall(raw, gateway=gateway, principal=principal, key=None)).body
    chat = await go_on(parsed(format.parse, whole, path=request.scope["path"]), gateway=gateway, principal=principal)
    order = chat.order
    with told_as(order.said_as):
        version = None
        if order.slug is not None:
            version = await gateway.catalog.in_use(principal.workspace_id, order.slug, label=order.label, version=order.version)
        way = await choose_way(order, version, gateway=gateway, principal=principal)
        messages = messages_of(order, way.version, model=way.facts.model)
    settings = with_overrides(way.version.settings if way.version else {}, order.overrides)
    return input_tokens_of(messages, settings, extra=extra_of(order, way.version), model=way.route.upstream_model)
