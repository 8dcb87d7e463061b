"""Sign in through the OpenID provider: the browser is sent there, comes back with a code, and leaves with a session."""

from dataclasses import dataclass

import structlog
from fastapi import Request

from burnish_gateway.access.people import find_or_make_user
from burnish_gateway.deps import Gateway
from burnish_gateway.sign_in.oidc_flow import Flow, FlowCookie, is_local_path, new_flow
from burnish_gateway.sign_in.oidc_provider import CODE_REFUSED, OidcProvider, error_named
from burnish_gateway.sign_in.sign_in import open_session
from burnish_shared.errors import InvalidField, NotFound, Unauthenticated

log = structlog.get_logger("burnish.gateway")

BEGIN_AGAIN = "This sign-in was not begun in this browser, was used already, or took longer than ten minutes; begin again."
CODE_MOST = 4096
HOME = "/app/"


@dataclass(frozen=True, slots=True)
class Answered:
    """What the provider sent the browser back with."""

    code: str | None
    state: str | None
    iss: str | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Sent:
    """Where the browser goes now, and the cookies that it takes along."""

    location: str
    set_cookies: tuple[str, ...]


def flow_cookie(gateway: Gateway) -> FlowCookie:
    return FlowCookie(gateway.installation.session_key, is_secure=gateway.authenticator.people.rules.cookie.is_secure)


async def begin(gateway: Gateway, request: Request, *, next_path: str) -> Sent:
    """Raises NotFound where no OpenID provider is configured, InvalidField for a `next` that leads elsewhere, Unavailable."""
    provider = _provider(gateway)
    if not is_local_path(next_path):
        raise InvalidField("next: must be a path of this installation, such as /prompts, without another host.", param="next")
    cookie, issuer, now_s = flow_cookie(gateway), provider.client.issuer, int(gateway.clock.now().timestamp())
    flow = new_flow(issuer, next_path=next_path, now_s=now_s)
    forgotten = cookie.make_room(request.cookies, issuer=issuer, now_s=now_s)
    return Sent(await provider.authorization_url(flow), (*forgotten, cookie.header(flow)))


async def finish(gateway: Gateway, request: Request, answered: Answered) -> Sent:
    """A session for whoever the provider says it is. Raises Unauthenticated, Forbidden (the e-mail is another's), Unavailable, NotFound."""
    provider = _provider(gateway)
    flow = _flow_of(gateway, request, answered, provider)
    await provider.check_sender(answered.iss)
    if answered.error is not None or not answered.code or len(answered.code) > CODE_MOST:
        log.info("sign_in.provider_refused", flaw="no_code" if answered.error is None else error_named(answered.error))
        raise Unauthenticated(CODE_REFUSED)
    user_id = await find_or_make_user(gateway.db, await provider.exchange(answered.code, flow), welcome=gateway.identity.welcome)
    if (await gateway.authenticator.people.users.get(user_id)).disabled_at is not None:
        raise Unauthenticated(CODE_REFUSED)
    opened = await open_session(gateway, request, user_id, way="oidc")
    return Sent(flow.next_path, (opened.set_cookie, *flow_cookie(gateway).cleared(flow.state)))


def _provider(gateway: Gateway) -> OidcProvider:
    if gateway.identity.oidc is None:
        raise NotFound("No OpenID provider is set up here; the operator names one by BURNISH_OIDC_ISSUER.")
    return gateway.identity.oidc


def _flow_of(gateway: Gateway, request: Request, answered: Answered, provider: OidcProvider) -> Flow:
    """The flow that this browser began and this answer belongs to, once."""
    cookie, now_s = flow_cookie(gateway), int(gateway.clock.now().timestamp())
    flow = cookie.read(request.cookies.get(cookie.name(answered.state or "")), issuer=provider.client.issuer, now_s=now_s)
    is_answered = flow is not None and answered.state is not None and flow.is_answered_by(answered.state)
    if flow is None or not is_answered or not gateway.identity.spent.spend(flow.state):
        log.info("sign_in.flow_refused")
        raise Unauthenticated(BEGIN_AGAIN)
    return flow
