"""API keys: made, listed, revoked."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query, Request
from fastapi.responses import Response
from pydantic import Field

from burnish_gateway.access import key_store
from burnish_gateway.access.audit import note
from burnish_gateway.deps import Admin, GatewayParts
from burnish_gateway.idempotency import run_once
from burnish_gateway.wire import ApiModel, Moment, Name, make_router
from burnish_shared.auth.provisioning import create_api_key
from burnish_shared.db.changes import note_change
from burnish_shared.db.session import Tx
from burnish_shared.errors import InvalidField, NotFound

router = make_router("access")


class NewKey(ApiModel):
    name: Name
    role: Literal["admin", "editor", "viewer"] = "editor"
    expires_at: Moment | None = None
    rate_limit_per_minute: Annotated[int, Field(ge=1, le=10_000_000)] | None = None


@router.post("/v1/api-keys", status_code=201, summary="Make an API key; its text is shown this once")
async def add_key(body: NewKey, request: Request, gateway: GatewayParts, principal: Admin) -> Response:
    if body.expires_at is not None and body.expires_at <= gateway.clock.now():
        raise InvalidField("expires_at: must be a moment in the future.", param="expires_at")

    async def work(tx: Tx) -> dict[str, Any]:
        api_key_id, key = await create_api_key(
            tx,
            workspace_id=principal.workspace_id,
            name=body.name,
            role=body.role,
            pepper=gateway.installation.pepper,
            expires_at=body.expires_at,
            rate_limit_per_minute=body.rate_limit_per_minute,
        )
        await note(
            tx, principal, action="api_key.created", kind="api_key", key=str(api_key_id), after={"name": body.name, "role": body.role}
        )
        await note_change(tx, workspace_id=principal.workspace_id, kind="api_key", key=key.prefix)
        return {"id": str(api_key_id), "name": body.name, "role": body.role, "prefix": key.prefix, "key": key.text}

    return await run_once(gateway, request, principal, status=201, work=work)


@router.get("/v1/api-keys", summary="API keys, newest first; never their text")
async def list_keys(
    gateway: GatewayParts,
    principal: Admin,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> dict[str, Any]:
    after = gateway.cursors.open(cursor, principal.workspace_id, of="api-keys")
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        rows = await key_store.list_keys(tx, after=UUID(after[0]) if after else None, limit=limit)
    page = gateway.cursors.page(
        rows, limit=limit, workspace_id=principal.workspace_id, of="api-keys", position=lambda row: [str(row["api_key_id"])]
    )
    page["data"] = [
        {
            "id": str(row["api_key_id"]), "name": row["name"], "prefix": row["prefix"], "role": row["role"],
            "rate_limit_per_minute": row["rate_limit_per_minute"], "created_at": row["created_at"].isoformat(),
            "expires_at": row["expires_at"].isoformat() if row["expires_at"] else None,
            "revoked_at": row["revoked_at"].isoformat() if row["revoked_at"] else None,
        }
        for row in page["data"]
    ]  # fmt: skip
    return page


@router.delete("/v1/api-keys/{api_key_id}", status_code=204, summary="Revoke an API key, everywhere within a second")
async def revoke_key(api_key_id: UUID, gateway: GatewayParts, principal: Admin) -> Response:
    async with gateway.db.unit_of_work(workspace=principal.workspace_id) as tx:
        prefix = await key_store.revoke_key(tx, api_key_id)
        if prefix is None:
            raise NotFound("There is no API key of this id.")
        await note(tx, principal, action="api_key.revoked", kind="api_key", key=str(api_key_id))
        await note_change(tx, workspace_id=principal.workspace_id, kind="api_key", key=prefix)
    gateway.feed.wake()
    return Response(status_code=204)
