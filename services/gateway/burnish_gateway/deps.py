"""What routes are given: the gateway's parts, and the verified caller."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, Request
from fastapi.security import HTTPBearer

from burnish_gateway.access.authenticate import Authenticator
from burnish_gateway.access.principal import Principal, Role
from burnish_gateway.access.scopes import check_scope
from burnish_gateway.describe_routes import states
from burnish_gateway.paging import Cursors
from burnish_gateway.settings import GatewaySettings
from burnish_shared.auth.installation import InstallationSecrets
from burnish_shared.auth.keyring import Keyring
from burnish_shared.books.admission import Admission
from burnish_shared.bus.connect import Bus
from burnish_shared.bus.relay import Relay
from burnish_shared.clock import Clock
from burnish_shared.db.config_cache import ChangeFeed
from burnish_shared.db.session import Database
from burnish_shared.egress import Egress
from burnish_shared.errors import Forbidden

if TYPE_CHECKING:
    from burnish_gateway.execution.frames import FrameInbox
    from burnish_gateway.execution.refusals import Refusals
    from burnish_gateway.feedback.publish import FeedbackPublisher
    from burnish_gateway.models.book import ModelBook
    from burnish_gateway.registry.catalog import Catalog


@dataclass(slots=True)
class Gateway:
    """Everything a route may use; built once by `app.py`."""

    settings: GatewaySettings
    db: Database
    bus: Bus
    clock: Clock
    keyring: Keyring
    installation: InstallationSecrets
    cursors: Cursors
    feed: ChangeFeed
    authenticator: Authenticator
    admission: Admission
    refusals: "Refusals"
    inbox: "FrameInbox"
    relay: Relay
    catalog: "Catalog"
    models: "ModelBook"
    feedback: "FeedbackPublisher"
    egress: Egress


bearer = HTTPBearer(auto_error=False, description="An API key: `bk_live_…`.")


def gateway_of(request: Request) -> Gateway:
    gateway: Gateway = request.app.state.gateway
    return gateway


async def _gateway_part(request: Request) -> Gateway:
    """`gateway_of` as a dependency: a plain function would be run in a thread for each request."""
    return gateway_of(request)


def require(role: Role) -> Callable[..., Awaitable[Principal]]:
    """A dependency that verifies the caller, and that role and scopes suffice."""

    @states(role.name.lower())
    async def verified(request: Request, _: Annotated[Any, Depends(bearer)]) -> Principal:
        return await verified_caller(request, role)

    return verified


async def verified_caller(request: Request, role: Role) -> Principal:
    """Who asks. Raises Unauthenticated, and Forbidden when the role or the key's scopes do not suffice for this route."""
    principal = await gateway_of(request).authenticator.principal(request.headers.get("authorization"))
    if principal.role < role:
        raise Forbidden(f"This needs the role {role.name.lower()}; you have {principal.role.name.lower()}.")
    check_scope(principal, method=request.method, tags=request.scope["route"].tags)
    return principal


@states("operator")
async def operator(principal: Annotated[Principal, Depends(require(Role.ADMIN))]) -> Principal:
    """Whoever runs this installation."""
    if not principal.is_operator:
        raise Forbidden("Only the operator of this installation may do this.")
    return principal


viewer = require(Role.VIEWER)
editor = require(Role.EDITOR)
admin = require(Role.ADMIN)

Viewer = Annotated[Principal, Depends(viewer)]
Editor = Annotated[Principal, Depends(editor)]
Admin = Annotated[Principal, Depends(admin)]
Operator = Annotated[Principal, Depends(operator)]
GatewayParts = Annotated[Gateway, Depends(_gateway_part)]


@states("prompt_editor")
async def prompt_editor(principal: Editor) -> Principal:
    """Who may change prompts: editors, or admins alone where the workspace says so (PRODUCT T1)."""
    if principal.workspace.only_admins_change_prompts and principal.role < Role.ADMIN:
        raise Forbidden("In this workspace only admins change prompts.")
    return principal


PromptEditor = Annotated[Principal, Depends(prompt_editor)]


def request_id_of(request: Request) -> str:
    """The id in `x-request-id` of the answer."""
    request_id: str = request.state.request_id
    return request_id
