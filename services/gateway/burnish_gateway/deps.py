"""What routes are given: the gateway's parts, and the verified caller."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, Request
from fastapi.security import HTTPBearer

from burnish_gateway.access.authenticate import Authenticator
from burnish_gateway.access.principal import Principal, Role
from burnish_gateway.config_cache import ChangeFeed
from burnish_gateway.paging import Cursors
from burnish_gateway.settings import GatewaySettings
from burnish_shared.books.admission import Admission
from burnish_shared.bus.connect import Bus
from burnish_shared.bus.relay import Relay
from burnish_shared.clock import Clock
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
    kek: bytes
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
    """A dependency that verifies the caller and that the role suffices."""

    async def verified(request: Request, _: Annotated[Any, Depends(bearer)]) -> Principal:
        principal = await gateway_of(request).authenticator.principal(request.headers.get("authorization"))
        return authorized(principal, role)

    return verified


def authorized(principal: Principal, role: Role) -> Principal:
    """Raises Forbidden when the role does not suffice."""
    if principal.role < role:
        raise Forbidden(f"This needs the role {role.name.lower()}; the key has {principal.role.name.lower()}.")
    return principal


viewer = require(Role.VIEWER)
editor = require(Role.EDITOR)
admin = require(Role.ADMIN)

Viewer = Annotated[Principal, Depends(viewer)]
Editor = Annotated[Principal, Depends(editor)]
Admin = Annotated[Principal, Depends(admin)]
GatewayParts = Annotated[Gateway, Depends(_gateway_part)]


def request_id_of(request: Request) -> str:
    """The id in `x-request-id` of the answer."""
    request_id: str = request.state.request_id
    return request_id
