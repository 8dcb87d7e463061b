"""`/v1/auth`: sign in and out, who am I, change the password, one's own sessions."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request
from fastapi.responses import Response

from burnish_gateway.access import people_store
from burnish_gateway.access import session_store as store
from burnish_gateway.access.people_answers import SessionAnswer, SessionPage, WaysAnswer, own_session, session_answer
from burnish_gateway.access.person import Person
from burnish_gateway.access.wire_fields import Email, Password, folded
from burnish_gateway.deps import Gateway, GatewayParts, SignedIn
from burnish_gateway.paging import PAGE_DEFAULT, PAGE_MOST
from burnish_gateway.sign_in.change_password import change_password
from burnish_gateway.sign_in.sign_in import WRONG, OpenedSession, close_session, open_session, verify_password
from burnish_gateway.wire import ApiModel, json_response, make_router
from burnish_shared.errors import NotFound, Unauthenticated

router = make_router("sign-in")

NOT_KEPT = {"cache-control": "no-store"}


class Credentials(ApiModel):
    email: Email
    password: Password


class PasswordChange(ApiModel):
    old_password: Password
    new_password: Password


@router.get("/v1/auth/ways", response_model=WaysAnswer, summary="Which ways of signing in this installation offers; needs no sign-in")
async def list_ways(gateway: GatewayParts) -> Response:
    identity = gateway.identity
    issuers = [identity.oidc.client.issuer] if identity.oidc is not None else []
    ways = WaysAnswer(password=True, token=identity.tokens is not None, oidc=issuers, sign_up=gateway.settings.sign_up)
    return json_response(ways)


@router.post(
    "/v1/auth/sign-in", response_model=SessionAnswer, summary="Sign in with e-mail and password: a session cookie and its CSRF token"
)
async def sign_in(body: Credentials, request: Request, gateway: GatewayParts) -> Response:
    """An unknown e-mail and a wrong password are answered alike. Who guesses has to wait longer and longer (429, Retry-After)."""
    gateway.authenticator.people.check_origin(request)
    email = folded(body.email)
    if email is None:
        raise Unauthenticated(WRONG)
    verified = await verify_password(gateway, request, email=email, password=body.password)
    opened = await open_session(gateway, request, verified.user_id, way="password", by_password=verified)
    return await signed_in_response(gateway, opened)


@router.post("/v1/auth/sign-out", status_code=204, summary="End this session, everywhere within a second")
async def sign_out(gateway: GatewayParts, person: SignedIn) -> Response:
    if person.session_id is not None:
        await close_session(gateway, person.user.user_id, person.session_id)
    forgotten = gateway.authenticator.people.rules.cookie.header("", max_age_s=0)
    return Response(status_code=204, headers={"set-cookie": forgotten, **NOT_KEPT})


@router.get("/v1/auth/session", response_model=SessionAnswer, summary="Who am I, where do I belong, and what is my CSRF token")
async def show_session(gateway: GatewayParts, person: SignedIn) -> Response:
    return await session_response(gateway, person)


@router.post("/v1/auth/password", status_code=204, summary="Change one's password; every other session ends")
async def change_own_password(body: PasswordChange, request: Request, gateway: GatewayParts, person: SignedIn) -> Response:
    await change_password(gateway, request, person, old=body.old_password, new=body.new_password)
    return Response(status_code=204, headers=NOT_KEPT)


@router.get("/v1/auth/sessions", response_model=SessionPage, summary="One's own sessions that are not over, newest first")
async def list_sessions(
    gateway: GatewayParts,
    person: SignedIn,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MOST)] = PAGE_DEFAULT,
) -> Response:
    user_id = person.user.user_id
    after = gateway.cursors.open(cursor, user_id, of="sessions")
    async with gateway.db.unit_of_work(user=user_id, read_only=True) as tx:
        rows = await store.list_sessions(tx, after=UUID(after[0]) if after else None, limit=limit)
    page = gateway.cursors.page(rows, limit=limit, workspace_id=user_id, of="sessions", position=lambda row: [str(row["session_id"])])
    data = [own_session(row, this=person.session_id) for row in page["data"]]
    return json_response(SessionPage(data=data, next_cursor=page["next_cursor"]), headers=NOT_KEPT)


@router.delete("/v1/auth/sessions/{session_id}", status_code=204, summary="End one of one's own sessions, everywhere within a second")
async def end_session(session_id: UUID, gateway: GatewayParts, person: SignedIn) -> Response:
    if not await close_session(gateway, person.user.user_id, session_id):
        raise NotFound("You have no session of this id.")
    return Response(status_code=204)


async def signed_in_response(gateway: Gateway, opened: OpenedSession, *, status: int = 200) -> Response:
    """The answer of every way of signing in: who it is, and the cookie."""
    answer = await _answer(gateway, opened.person)
    return json_response(answer, status=status, headers={"set-cookie": opened.set_cookie, **NOT_KEPT})


async def session_response(gateway: Gateway, person: Person) -> Response:
    """Who is signed in, and where they belong."""
    return json_response(await _answer(gateway, person), headers=NOT_KEPT)


async def _answer(gateway: Gateway, person: Person) -> SessionAnswer:
    async with gateway.db.unit_of_work(user=person.user.user_id, read_only=True) as tx:
        return session_answer(person, await people_store.memberships_of(tx, person.user.user_id))
