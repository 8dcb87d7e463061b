"""Who calls the source systems' paths: whoever has a key, as everywhere, or this machine, where the operator names its workspace."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Depends, Request

from burnish_gateway.access.principal import Principal, Role
from burnish_gateway.client_address import loopback
from burnish_gateway.deps import bearer, check_may, gateway_of, verified_caller
from burnish_gateway.describe_routes import states
from burnish_shared.errors import Forbidden, NotFound, Unauthenticated

SAYS_WHO: Final = ("authorization", "x-api-key", "cookie")
SAYS_WHENCE: Final = ("x-forwarded-for", "forwarded", "x-real-ip", "via")
"""A proxy on this machine speaks for others; whoever comes through one needs a key."""


async def source_caller(request: Request, role: Role) -> Principal:
    """The caller. Raises as `verified_caller`; without any credentials also where the call is not from this machine alone."""
    if any(request.headers.get(name) for name in SAYS_WHO) or not gateway_of(request).settings.compat_workspace:
        return await verified_caller(request, role)
    if not is_from_here(request):
        raise Unauthenticated("Send a key as `Authorization: Bearer bk_live_…`; only calls from this machine itself go without one.")
    return check_may(await _of_this_machine(request), role, request)


def is_from_here(request: Request) -> bool:
    """From a loopback address, through no proxy, to a loopback name, and from no page of a browser: a page of anybody's could call
    http://127.0.0.1 in the name of whoever looks at it."""
    peer = request.client.host if request.client else ""
    if any(name in request.headers for name in SAYS_WHENCE) or not loopback(peer):
        return False
    host = request.headers.get("host", "").rpartition(":")[0] or request.headers.get("host", "")
    origin = request.headers.get("origin")
    allowed = gateway_of(request).settings.compat_cors_origins
    return loopback(host.strip("[]")) and (origin is None or origin in [one.strip() for one in allowed.split(",")])


def requires(role: Role, *, prompts: bool = False) -> Callable[..., Awaitable[Principal]]:
    """A dependency, as `deps.require`. `prompts`: who may change prompts, where only admins do."""

    @states("prompt_editor" if prompts else role.name.lower(), of_credentials=False)
    async def verified(request: Request, _: Annotated[Any, Depends(bearer)]) -> Principal:
        principal = await source_caller(request, role)
        if prompts and principal.workspace.only_admins_change_prompts and principal.role < Role.ADMIN:
            raise Forbidden("In this workspace only admins change prompts.")
        return principal

    return verified


SourceViewer = Annotated[Principal, Depends(requires(Role.VIEWER))]
SourceEditor = Annotated[Principal, Depends(requires(Role.EDITOR))]
SourcePromptEditor = Annotated[Principal, Depends(requires(Role.EDITOR, prompts=True))]


async def _of_this_machine(request: Request) -> Principal:
    gateway = gateway_of(request)
    named = gateway.settings.compat_workspace
    try:
        workspace = await gateway.authenticator.workspaces.get(UUID(named))
    except (ValueError, NotFound):
        raise Unauthenticated("BURNISH_COMPAT_WORKSPACE names no workspace of this installation.") from None
    return Principal(workspace, Role.EDITOR)
