"""A one-time link that sets a password anew: an admin makes it, its owner uses it."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from burnish_gateway.access.links import token_link
from burnish_gateway.access.mail_link import write_mail
from burnish_gateway.access.scopes import check_may_grant
from burnish_gateway.access.wire_fields import Password
from burnish_gateway.deps import Admin, GatewayParts
from burnish_gateway.idempotency import run_once
from burnish_gateway.sign_in.reset_password import make_reset, use_reset
from burnish_gateway.sign_in.sign_in import address_of
from burnish_gateway.wire import ApiModel, Text, include, make_router
from burnish_shared.auth.random_token import new_token
from burnish_shared.contracts.mails import LinkMail
from burnish_shared.db.session import Tx

making = make_router("access")
using = make_router("sign-in")

NOT_KEPT = {"cache-control": "no-store"}


class NewPasswordResetAnswer(BaseModel):
    """`token` and `url` are shown this once. `is_mailed`: the link goes to the e-mail by itself; else hand it over."""

    user_id: UUID
    email: str
    token: str
    url: str
    expires_at: datetime
    is_mailed: bool


class PasswordReset(ApiModel):
    token: Annotated[Text, Field(min_length=1, max_length=200)]
    new_password: Password


@making.post(
    "/v1/members/{user_id}/password-reset",
    status_code=201,
    response_model=NewPasswordResetAnswer,
    summary="Make a link by which a member sets a new password; it is shown this once",
)
async def make_password_reset(user_id: UUID, request: Request, gateway: GatewayParts, principal: Admin) -> Response:
    """It works once, for an hour, and takes the place of an older one. Using it ends all sessions of the account.

    403 for one's own account, and for one that belongs to workspaces of which you are no admin, or to an operator: that is the operator's
    to do. 409 where the account signs in through a provider, alone or beside its password, or is disabled. A narrowed key makes none.
    """
    check_may_grant(principal)
    token = new_token()

    async def work(tx: Tx) -> NewPasswordResetAnswer:
        made = await make_reset(tx, principal, user_id, token, now=gateway.clock.now())
        url = token_link(gateway, request, "reset-password", token.text)
        is_mailed = await write_mail(
            tx, gateway, workspace_id=principal.workspace_id, mail_id=token.token_id, kind="password_reset",
            mail=LinkMail(made.email, url), expires_at=made.expires_at,
        )  # fmt: skip
        return NewPasswordResetAnswer(
            user_id=user_id, email=made.email, token=token.text, url=url, expires_at=made.expires_at, is_mailed=is_mailed
        )

    return await run_once(gateway, request, principal, status=201, work=work)


@using.post("/v1/auth/password-reset", status_code=204, summary="Set a new password by a link; every session of the account ends")
async def use_password_reset(body: PasswordReset, request: Request, gateway: GatewayParts) -> Response:
    """Needs no sign-in: the token of the link. One that is unknown, used, replaced or over: the same 404. Then sign in as always."""
    gateway.authenticator.people.check_origin(request)
    gateway.pace.take_link(address_of(request))
    await use_reset(gateway, request, body.token, password=body.new_password)
    return Response(status_code=204, headers=NOT_KEPT)


router = APIRouter()
include(router, using)
include(router, making)
