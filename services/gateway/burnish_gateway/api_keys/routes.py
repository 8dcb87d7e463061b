"""`/v1/api-keys`: made, listed, renamed, limited, rotated, revoked."""

from typing import Annotated
from uuid import UUID

from asyncpg import Record
from fastapi import Query, Request
from fastapi.responses import Response

from burnish_gateway.access.wire_fields import role_named
from burnish_gateway.api_keys import key_store as store
from burnish_gateway.api_keys import manage_key as manage
from burnish_gateway.api_keys.key_bodies import KeyAnswer, KeyChange, KeyPage, NewKey, NewKeyAnswer, RotatedKeyAnswer, Rotation, key_answer
from burnish_gateway.billing.keep_budget import Wish, add_budget, keep_key_budget
from burnish_gateway.deps import Admin, GatewayParts
from burnish_gateway.idempotency import run_once
from burnish_gateway.paging import PAGE_DEFAULT, PAGE_MOST
from burnish_gateway.wire import json_response, make_router
from burnish_shared.db.changes import note_change
from burnish_shared.db.session import Tx

router = make_router("access")

LIST = "api-keys"


@router.post("/v1/api-keys", status_code=201, response_model=NewKeyAnswer, summary="Make an API key; its text is shown this once")
async def add_key(body: NewKey, request: Request, gateway: GatewayParts, principal: Admin) -> Response:
    """A key may not be given more than its maker has: a narrowed key makes narrower ones, none that outlives it, and none at all where it
    has a rate limit or a budget of its own."""
    scopes = manage.checked_scopes(principal, body.scopes)
    expires_at = manage.checked_expiry(principal, body.expires_at, now=gateway.clock.now())

    async def work(tx: Tx) -> NewKeyAnswer:
        made = await manage.make_key(
            tx, principal, name=body.name, role=role_named(body.role), scopes=scopes, expires_at=expires_at,
            rate_limit_per_minute=body.per_minute, token_limit_per_minute=body.token_limit_per_minute, pepper=gateway.installation.pepper,
        )  # fmt: skip
        if body.budget is not None:
            wish = Wish("api_key", str(made.api_key_id), limit_nusd=body.budget.limit_nusd, period=body.budget.period)
            await add_budget(tx, principal, wish)
        answer = NewKeyAnswer(**(await _shown(tx, made.api_key_id)).model_dump(), key=made.key.text)
        await note_change(tx, workspace_id=principal.workspace_id, kind="api_key", key=made.key.prefix)
        return answer

    return await run_once(gateway, request, principal, status=201, work=work)


@router.get("/v1/api-keys", response_model=KeyPage, summary="API keys, newest first; never their text")
async def list_keys(
    gateway: GatewayParts,
    principal: Admin,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MOST)] = PAGE_DEFAULT,
) -> Response:
    after = gateway.cursors.open(cursor, principal.workspace_id, of=LIST)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        rows = await store.list_keys(tx, after=UUID(after[0]) if after else None, limit=limit)
        page = gateway.cursors.page(
            rows, limit=limit, workspace_id=principal.workspace_id, of=LIST, position=lambda row: [str(row["api_key_id"])]
        )
        keys = await _answers(tx, page["data"])
    return json_response(KeyPage(data=keys, next_cursor=page["next_cursor"]))


@router.get("/v1/api-keys/{api_key_id}", response_model=KeyAnswer, summary="One API key; never its text")
async def get_key(api_key_id: UUID, gateway: GatewayParts, principal: Admin) -> Response:
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        return json_response(await _shown(tx, api_key_id))


@router.patch(
    "/v1/api-keys/{api_key_id}", response_model=KeyAnswer, summary="Change an API key's name or limits, everywhere within a second"
)
async def change_key(api_key_id: UUID, body: KeyChange, gateway: GatewayParts, principal: Admin) -> Response:
    """Limits hold for the whole line of a rotated key. A narrowed key changes none of its own, nor of a key that may more than it.

    409 for limits of a key that is revoked or expired."""
    async with gateway.db.unit_of_work(workspace=principal.workspace_id) as tx:
        limits = body.limits
        if limits:
            await store.lock_line(tx, api_key_id)
        key = await manage.locked_key(tx, api_key_id)
        if limits or body.changes_budget:
            await manage.check_may_limit(tx, principal, key)
        if body.name is not None:
            await manage.rename_key(tx, principal, key, body.name)
        limited = await manage.change_limits(tx, principal, key, limits) if limits else []
        if body.changes_budget:
            line, asked = key["first_key_id"], body.budget
            wish = Wish("api_key", str(line), limit_nusd=asked.limit_nusd, period=asked.period) if asked is not None else None
            await keep_key_budget(tx, principal, line, wish)
        await manage.note_keys(tx, principal, limited)
        return json_response(await _shown(tx, api_key_id))


@router.post(
    "/v1/api-keys/{api_key_id}/rotate",
    status_code=201,
    response_model=RotatedKeyAnswer,
    summary="Replace an API key; both work until the overlap is over",
)
async def rotate_key(
    api_key_id: UUID, *, request: Request, gateway: GatewayParts, principal: Admin, body: Rotation | None = None
) -> Response:
    """The new key has the old one's name, role and scopes; rate limit and budgets hold for both together. Its text is shown this once."""
    wish = body or Rotation()

    async def work(tx: Tx) -> RotatedKeyAnswer:
        made = await manage.rotate_key(
            tx, principal, api_key_id, overlap_hours=wish.overlap_hours, expires_at=wish.expires_at, now=gateway.clock.now(),
            pepper=gateway.installation.pepper,
        )  # fmt: skip
        shown = await _shown(tx, made.api_key_id)
        return RotatedKeyAnswer(
            **shown.model_dump(), key=made.key.text, replaces=api_key_id, replaced_expires_at=made.replaced_expires_at or shown.created_at
        )

    return await run_once(gateway, request, principal, status=201, work=work)


@router.delete("/v1/api-keys/{api_key_id}", status_code=204, summary="Revoke an API key, everywhere within a second")
async def revoke_key(api_key_id: UUID, gateway: GatewayParts, principal: Admin) -> Response:
    async with gateway.db.unit_of_work(workspace=principal.workspace_id) as tx:
        await manage.revoke_key(tx, principal, api_key_id)
    return Response(status_code=204)


async def _shown(tx: Tx, api_key_id: UUID) -> KeyAnswer:
    row = await store.find_key(tx, api_key_id)
    if row is None:
        raise manage.no_such_key()
    return (await _answers(tx, [row]))[0]


async def _answers(tx: Tx, rows: list[Record]) -> list[KeyAnswer]:
    budgets = await store.budgets_of(tx, [row["first_key_id"] for row in rows])
    return [key_answer(row, budgets.get(row["first_key_id"], [])) for row in rows]
