"""`/v1/provider-keys`: the workspace's own keys for model providers, and how they do."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request
from fastapi.responses import Response

from burnish_gateway.deps import Admin, Gateway, GatewayParts
from burnish_gateway.idempotency import or_answered, run_once
from burnish_gateway.paging import PAGE_DEFAULT, PAGE_MOST
from burnish_gateway.provider_keys import keep_key as keep
from burnish_gateway.provider_keys import store
from burnish_gateway.provider_keys.answers import ProviderKeyAnswer, ProviderKeyPage, key_answer
from burnish_gateway.provider_keys.bodies import NewProviderKey, ProviderKeyChange
from burnish_gateway.provider_keys.provider_key import ProviderKey, UsageToday
from burnish_gateway.provider_keys.try_key import try_key
from burnish_gateway.wire import json_response, make_router
from burnish_shared.auth.key_secrets import KeySecrets, SealedKeySecrets, VaultKeySecrets
from burnish_shared.contracts.provider_keys import KeyTestAnswer
from burnish_shared.db.session import Tx
from burnish_shared.egress import EgressRefused, address_of

router = make_router("provider_keys")

LIST = "provider-keys"


@router.post(
    "/v1/provider-keys",
    status_code=201,
    response_model=ProviderKeyAnswer,
    summary="Add a key of one's own for a provider",
)
async def add_key(body: NewProviderKey, request: Request, gateway: GatewayParts, principal: Admin) -> Response:
    """Calls of that provider's models use it from now on, before the operator's.

    With `base_url` it goes to that address alone, and only for models of this workspace that name exactly that address.
    """
    address = await or_answered(_checked_address(gateway, body.base_url), gateway=gateway, request=request, principal=principal)
    if isinstance(address, Response):
        return address

    async def work(tx: Tx) -> ProviderKeyAnswer:
        return key_answer(await keep.add_key(tx, principal, body, address=address, secrets=secrets_of(gateway)), UsageToday())

    return await run_once(gateway, request, principal, status=201, work=work)


@router.get("/v1/provider-keys", response_model=ProviderKeyPage, summary="Provider keys and how they do, the newest first")
async def list_keys(
    gateway: GatewayParts,
    principal: Admin,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MOST)] = PAGE_DEFAULT,
) -> Response:
    """Revoked ones too, because their usage stays."""
    position = gateway.cursors.open(cursor, principal.workspace_id, of=LIST)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        found = await store.list_keys(tx, principal.workspace_id, before=UUID(position[0]) if position else None, limit=limit + 1)
        page = gateway.cursors.page(
            found, limit=limit, workspace_id=principal.workspace_id, of=LIST, position=lambda one: [str(one.provider_key_id)]
        )
        shown = await _shown(tx, page["data"])
    return json_response(ProviderKeyPage(data=shown, next_cursor=page["next_cursor"]))


@router.get("/v1/provider-keys/{provider_key_id}", response_model=ProviderKeyAnswer, summary="One provider key and how it does")
async def get_key(provider_key_id: UUID, gateway: GatewayParts, principal: Admin) -> Response:
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        shown = await _shown(tx, [await keep.find_key(tx, principal, provider_key_id)])
    return json_response(shown[0])


@router.patch(
    "/v1/provider-keys/{provider_key_id}", response_model=ProviderKeyAnswer, summary="Rename, reorder, replace or restore a provider key"
)
async def change_key(
    provider_key_id: UUID, *, body: ProviderKeyChange, request: Request, gateway: GatewayParts, principal: Admin
) -> Response:
    """`key` replaces the text and keeps the id: the old one is used by no call that starts more than a second later."""

    async def work(tx: Tx) -> ProviderKeyAnswer:
        changed = await keep.change_key(tx, principal, provider_key_id, body, secrets=secrets_of(gateway))
        return (await _shown(tx, [changed]))[0]

    return await run_once(gateway, request, principal, status=200, work=work)


@router.post(
    "/v1/provider-keys/{provider_key_id}/test", response_model=KeyTestAnswer, summary="Try a provider key by a call that costs nothing"
)
async def test_key(provider_key_id: UUID, request: Request, gateway: GatewayParts, principal: Admin) -> Response:
    """An executor asks the provider for its list of models, for 10 seconds at most. The key stays as it is, whatever comes of it.

    One at once in a workspace, and few at once in an installation: 429 with `Retry-After` for those beyond.
    """
    return await try_key(gateway, request, principal, provider_key_id)


@router.delete("/v1/provider-keys/{provider_key_id}", status_code=204, summary="Revoke a provider key, everywhere within a second")
async def revoke_key(provider_key_id: UUID, gateway: GatewayParts, principal: Admin) -> Response:
    """Its text is destroyed; its row and its usage stay."""
    async with gateway.db.unit_of_work(workspace=principal.workspace_id) as tx:
        await keep.revoke_key(tx, principal, provider_key_id, secrets=secrets_of(gateway))
    return Response(status_code=204)


def secrets_of(gateway: Gateway) -> KeySecrets:
    """Where the texts of provider keys are kept in this installation."""
    return VaultKeySecrets() if gateway.settings.secrets == "vault" else SealedKeySecrets(gateway.keyring)


async def _checked_address(gateway: Gateway, base_url: str) -> str:
    """The address in its one spelling. Raises EgressRefused for one that may not be called."""
    if not base_url:
        return ""
    try:
        await gateway.egress.check(base_url)
        return address_of(base_url)
    except EgressRefused as error:
        raise EgressRefused(error.message, param="base_url") from None


async def _shown(tx: Tx, keys: list[ProviderKey]) -> list[ProviderKeyAnswer]:
    usage = await store.usage_today(tx, keys[0].workspace_id, [one.provider_key_id for one in keys]) if keys else {}
    return [key_answer(one, usage.get(one.provider_key_id, UsageToday())) for one in keys]
