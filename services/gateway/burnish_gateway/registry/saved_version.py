"""What comes with saving a version over HTTP, whether it was written or picked together."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from fastapi import Request
from fastapi.responses import Response

from burnish_gateway.access import audit
from burnish_gateway.access.principal import Principal
from burnish_gateway.deps import Gateway
from burnish_gateway.idempotency import run_once
from burnish_gateway.registry import announce, answers
from burnish_gateway.registry.add_version import SavedVersion
from burnish_gateway.registry.model_warnings import model_warnings
from burnish_gateway.registry.save_whole import warnings_of
from burnish_gateway.registry.spelling import newer_version_response
from burnish_shared.db.session import Tx
from burnish_shared.errors import NewerVersion


async def told(tx: Tx, principal: Principal, saved: SavedVersion, *, of: Mapping[str, Any]) -> dict[str, Any]:
    """The answer to who saved it. A new one is noted in the audit log, with `of`: what it was made of; every gateway learns of it."""
    slug, content = saved.prompt.slug, saved.version.content
    if saved.is_new:
        after = {"version": saved.version.version, **of}
        await audit.note(tx, principal, action="prompt.version.created", kind="prompt", key=slug, after=after)
        await announce.prompt_changed(tx, principal.workspace_id, slug)
    warnings = warnings_of(saved.prompt, content) + await model_warnings(tx, content)
    return answers.plain(answers.version_answer(slug, saved.version, is_new=saved.is_new, warnings=warnings))


async def saved_once(
    gateway: Gateway, request: Request, principal: Principal, *, work: Callable[[Tx], Awaitable[dict[str, Any]]]
) -> Response:
    """201, once for an idempotency key; 409 where a newer version came between. This gateway serves the version from now on."""
    try:
        answer = await run_once(gateway, request, principal, status=201, work=work)
    except NewerVersion as error:
        return newer_version_response(error, request)
    await gateway.catalog.catch_up()
    return answer
