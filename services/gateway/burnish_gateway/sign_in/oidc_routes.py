"""Where a browser begins and ends a sign-in through the OpenID provider."""

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Query, Request
from fastapi.responses import Response

from burnish_gateway.deps import GatewayParts
from burnish_gateway.page.headers import accepts_html
from burnish_gateway.sign_in.oidc_flow import NEXT_MOST
from burnish_gateway.sign_in.oidc_sign_in import HOME, Answered, Sent, begin, finish, flow_cookie
from burnish_gateway.wire import error_response, make_router
from burnish_shared.errors import BurnishError

router = make_router("sign-in")

SENT_ON: dict[int | str, dict[str, Any]] = {
    303: {"description": "The browser is sent on; no body", "headers": {"Location": {"schema": {"type": "string"}}}}
}

SIGN_IN_PAGE = "/app/sign-in"

Given = Annotated[str | None, Query(max_length=8000)]


@router.get(
    "/v1/auth/oidc/start",
    summary="Begin to sign in through the OpenID provider",
    description="For browsers: sends them to the provider. `next`: the path of this installation to end at. Who asks for `text/html`"
    " and is refused, here or at the end, is sent to `/app/sign-in?error=<code>&request_id=<id>`.",
    status_code=303,
    responses=SENT_ON,
    response_class=Response,
)
async def start(request: Request, gateway: GatewayParts, next: Annotated[str, Query(max_length=NEXT_MOST)] = HOME) -> Response:
    try:
        return _sent(await begin(gateway, request, next_path=next))
    except BurnishError as refusal:
        return _refused(refusal, request)


@router.get(
    "/v1/auth/oidc/callback",
    summary="End a sign-in: the OpenID provider sends the browser here",
    description="Makes a session of whoever signed in there, as a cookie, and sends the browser on to `next`. Register this address"
    " at the provider.",
    status_code=303,
    responses=SENT_ON,
    response_class=Response,
)
async def callback(
    request: Request, gateway: GatewayParts, code: Given = None, state: Given = None, iss: Given = None, error: Given = None
) -> Response:
    try:
        return _sent(await finish(gateway, request, Answered(code=code, state=state, iss=iss, error=error)))
    except BurnishError as refusal:  # answered here, so that the browser forgets the flow
        response = _refused(refusal, request)
        if gateway.identity.oidc is not None:
            for one in flow_cookie(gateway).cleared(state):
                response.headers.append("set-cookie", one)
        return response


def _refused(refusal: BurnishError, request: Request) -> Response:
    """A person with a browser goes to the page, which puts the code into words; everybody else gets the error itself."""
    request_id = request.state.request_id
    if not accepts_html(request.headers.get("accept", "")):
        return error_response(refusal, request_id=request_id)
    return _sent(Sent(f"{SIGN_IN_PAGE}?{urlencode({'error': refusal.code, 'request_id': request_id})}", ()))


def _sent(sent: Sent) -> Response:
    response = Response(status_code=303, headers={"location": sent.location, "cache-control": "no-store", "referrer-policy": "no-referrer"})
    for one in sent.set_cookies:
        response.headers.append("set-cookie", one)
    return response
