"""What routes are given: the gateway's parts, and the verified caller."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Final
from uuid import UUID

from fastapi import Depends, Request
from fastapi.security import HTTPBearer

from burnish_gateway.access.authenticate import Authenticator
from burnish_gateway.access.caller_pace import CallerPace
from burnish_gateway.access.passwords import Passwords
from burnish_gateway.access.person import Person
from burnish_gateway.access.principal import Principal, Role
from burnish_gateway.access.scopes import check_scope
from burnish_gateway.access.trust import check_fresh
from burnish_gateway.api_keys.key_use import KeyUse
from burnish_gateway.describe_routes import scope_of_route, states
from burnish_gateway.large_bodies import LargeBodies
from burnish_gateway.outside import Outside
from burnish_gateway.paging import Cursors
from burnish_gateway.settings import GatewaySettings
from burnish_gateway.sign_in.identity_providers import IdentityProviders
from burnish_gateway.wire import check_parameters
from burnish_shared.auth.installation import InstallationSecrets
from burnish_shared.auth.keyring import Keyring
from burnish_shared.books.admission import Admission
from burnish_shared.bus.connect import Bus
from burnish_shared.bus.relay import Relay
from burnish_shared.clock import Clock
from burnish_shared.db.config_cache import ChangeFeed
from burnish_shared.db.rules_book import RulesBook
from burnish_shared.db.session import Database
from burnish_shared.egress import Egress, look_up_for
from burnish_shared.errors import Forbidden, NotFound
from burnish_shared.evaluators import Grounds
from burnish_shared.own_checks import OwnChecks

if TYPE_CHECKING:
    from burnish_gateway.assistant.runner import AssistantRunner
    from burnish_gateway.billing.budget_book import BudgetBook
    from burnish_gateway.chains.runner import ChainRunner
    from burnish_gateway.enrichments.pdf_texts import PdfTexts
    from burnish_gateway.execution.ends import EndWatch
    from burnish_gateway.execution.frames import FrameInbox
    from burnish_gateway.execution.refusals import Refusals
    from burnish_gateway.execution.unanswered import Unanswered
    from burnish_gateway.experiments.book import ExperimentBook
    from burnish_gateway.experiments.shadow import Shadows
    from burnish_gateway.feedback.metric_book import MetricBook
    from burnish_gateway.feedback.publish import FeedbackPublisher
    from burnish_gateway.groups.book import GroupBook
    from burnish_gateway.inbound.book import InboundBook
    from burnish_gateway.inbound.refusals import RefusalLog
    from burnish_gateway.live.hub import LiveHub
    from burnish_gateway.live.page_notes import PageNotes
    from burnish_gateway.models.book import ModelBook
    from burnish_gateway.privacy.watch_erasures import ErasureWatch
    from burnish_gateway.registry.catalog import Catalog
    from burnish_gateway.routing.book import RoutingBook


PLANS_AT_ONCE: Final = 2
"""Batches that are read and rendered at the same time: each may hold a file of 32 MiB, or a body of as much, and twice that of requests."""


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
    identity: IdentityProviders
    key_use: KeyUse
    page_notes: "PageNotes"
    pace: CallerPace
    passwords: Passwords
    admission: Admission
    refusals: "Refusals"
    unanswered: "Unanswered"
    inbox: "FrameInbox"
    ends: "EndWatch"
    relay: Relay
    catalog: "Catalog"
    models: "ModelBook"
    routing: "RoutingBook"
    budgets: "BudgetBook"
    groups: "GroupBook"
    experiments: "ExperimentBook"
    rules: RulesBook
    own_checks: OwnChecks
    metrics: "MetricBook"
    inbound: "InboundBook"
    inbound_refusals: "RefusalLog"
    grounds: Grounds
    pdfs: "PdfTexts"
    feedback: "FeedbackPublisher"
    egress: Egress
    erasures: "ErasureWatch"
    live: "LiveHub"
    chains: "ChainRunner" = field(init=False)
    shadows: "Shadows" = field(init=False)
    assistant: "AssistantRunner" = field(init=False)
    large_bodies: LargeBodies = field(default_factory=LargeBodies)
    plans: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(PLANS_AT_ONCE))
    outside: Outside = field(default_factory=Outside)


bearer = HTTPBearer(auto_error=False, description="An API key, `bk_live_…`, or the token of a sign-in provider.")


OTHERS_LISTS: Final = ("/v1/models",)
"""Read by clients of other APIs too, which send parameters of theirs."""


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


async def verified_caller(request: Request, role: Role, *, again: bool = False) -> Principal:
    """Who asks. Raises Unauthenticated, and Forbidden when the role or the key's scopes do not suffice for this route. `again`: of a
    request that was counted when it came, and goes on."""
    return check_may(await gateway_of(request).authenticator.principal(request), role, request, again=again)


def check_may(principal: Principal, role: Role, request: Request, *, again: bool = False) -> Principal:
    """The same principal. Raises Forbidden when the role or the key's scopes do not suffice for the request's route, Unavailable when
    this gateway cannot know any more whether they still hold, RateLimited for too many requests, and InvalidField for a parameter that what
    is read does not know."""
    if principal.role < role:
        raise Forbidden(f"This needs the role {role.name.lower()}; you have {principal.role.name.lower()}.")
    look_up_for(principal.workspace_id)
    scope, gateway = scope_of_route(request.method, request.scope["route"]), gateway_of(request)
    check_scope(principal, scope)
    if not again:
        request.state.pace_headers = gateway.pace.take(principal, scope)
    check_fresh(gateway.feed.stale_for_s, scope, trust_s=gateway.settings.trust_s)
    if request.method in ("GET", "DELETE") and request.url.path not in OTHERS_LISTS:
        check_parameters(request)
    if principal.api_key_id is not None:
        gateway.key_use.saw(principal.api_key_id, at=gateway.clock.now())
    return principal


def require_there(role: Role) -> Callable[..., Awaitable[Principal]]:
    """As `require`, in the workspace that the address names. NotFound where it is not the caller's."""

    @states(role.name.lower())
    async def verified(request: Request, workspace_id: UUID, _: Annotated[Any, Depends(bearer)]) -> Principal:
        authenticator = gateway_of(request).authenticator
        caller = await authenticator.caller(request)
        if isinstance(caller, Person):
            try:
                return check_may(await authenticator.as_person(caller, str(workspace_id)), role, request)
            except NotFound:  # whoever may not do this anywhere is not told what is there
                check_may(await authenticator.as_person(caller, None), role, request)
                raise
        principal = check_may(await authenticator.as_key(caller, None), role, request)
        return principal if principal.workspace_id == workspace_id else await authenticator.as_key(caller, str(workspace_id))

    return verified


@states("person")
async def signed_in(request: Request, _: Annotated[Any, Depends(bearer)]) -> Person:
    """Whoever signed in as a person, in whatever workspace, or in none yet. Raises Unauthenticated, and Forbidden for a key."""
    caller = await gateway_of(request).authenticator.caller(request)
    if not isinstance(caller, Person):
        raise Forbidden("This is for people who signed in; an API key has no account.")
    return caller


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
ViewerThere = Annotated[Principal, Depends(require_there(Role.VIEWER))]
AdminThere = Annotated[Principal, Depends(require_there(Role.ADMIN))]
SignedIn = Annotated[Person, Depends(signed_in)]
GatewayParts = Annotated[Gateway, Depends(_gateway_part)]


@states("prompt_editor")
async def prompt_editor(principal: Editor) -> Principal:
    """Who may change prompts: editors, or admins alone where the workspace says so (PRODUCT T1)."""
    if principal.workspace.only_admins_change_prompts and principal.role < Role.ADMIN:
        raise Forbidden("In this workspace only admins change prompts.")
    return principal


PromptEditor = Annotated[Principal, Depends(prompt_editor)]


@dataclass(frozen=True, slots=True)
class MemberHere:
    """A person in the workspace that they have chosen."""

    workspace_id: UUID
    user_id: UUID


@states("person")
async def member_here(principal: Viewer) -> MemberHere:
    """For what belongs to one member of one workspace. Raises Forbidden for a key."""
    if principal.user_id is None:
        raise Forbidden("This is for people who signed in; an API key has none of its own.")
    return MemberHere(principal.workspace_id, principal.user_id)


Member = Annotated[MemberHere, Depends(member_here)]


def request_id_of(request: Request) -> str:
    """The id in `x-request-id` of the answer."""
    request_id: str = request.state.request_id
    return request_id
