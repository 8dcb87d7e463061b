"""Small readings of what a request says: who writes, which tags, whether the caller has this answer already."""

import json
from collections.abc import Sequence
from math import ceil

from fastapi import Request
from fastapi.responses import Response

from burnish_gateway.access.principal import Principal, Role
from burnish_gateway.registry.prompt import Author
from burnish_gateway.wire import error_response, json_response
from burnish_shared.errors import Forbidden, NewerVersion


def author_of(principal: Principal) -> Author:
    return Author(principal.actor, principal.api_key_id)


def check_may_publish(principal: Principal) -> None:
    """Raises Forbidden unless the caller may show something to everybody."""
    if principal.role < Role.ADMIN:
        raise Forbidden("Only an admin of the workspace may make something public; choose 'organization', or ask one.")


def tags_of(tags: Sequence[str]) -> tuple[str, ...]:
    """Without blanks around them, without empty ones, each once, in the order given."""
    return tuple(dict.fromkeys(tag.strip() for tag in tags if tag.strip()))


def etag_matches(if_none_match: str | None, etag: str) -> bool:
    """RFC 9110, section 13.1.2: a list of tags, weak ones compared as strong, or `*`."""
    given = [one.strip().removeprefix("W/") for one in (if_none_match or "").split(",")]
    return "*" in given or etag in given


def age_headers(stale_for_s: float) -> dict[str, str]:
    """`Age` in whole seconds, rounded up (RFC 9111, section 5.1), where something is not known to be fresh; empty where it is."""
    return {"age": str(ceil(stale_for_s))} if stale_for_s else {}


def newer_version_response(error: NewerVersion, request: Request) -> Response:
    """The 409 of saving on an old base: the error, and beside it `newer_version` and `merge` (PRODUCT, core payloads)."""
    bare = NewerVersion(error.message, param=error.param)
    body = json.loads(bytes(error_response(bare, request_id=request.state.request_id).body))
    return json_response(body | error.details, status=error.status)
