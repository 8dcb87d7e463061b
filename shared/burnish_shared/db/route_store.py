"""What decides whose key a model is called with: read by the gateway for its memory, and by the optimizer when a job begins."""

from uuid import UUID

from burnish_shared.choose_keys import KeysAtHand, PlatformTerms, with_keys
from burnish_shared.contracts.executions import Route
from burnish_shared.db.model_store import ModelFacts
from burnish_shared.db.session import Tx
from burnish_shared.egress import address_of


async def find_keys_at_hand(tx: Tx, workspace_id: UUID, *, provider: str, address: str) -> KeysAtHand:
    """Of a provider's own address (address '') or of one address of the workspace's. The transaction must be the workspace's."""
    row = await tx.fetchrow(
        "SELECT count(*) FILTER (WHERE status = 'active' AND base_url = $3) AS active, "
        "count(*) FILTER (WHERE status = 'set_aside' AND base_url = $3) AS set_aside, "
        "count(*) FILTER (WHERE status = 'active' AND base_url <> $3) AS elsewhere, "
        "EXISTS (SELECT FROM platform_keys p WHERE p.provider = replace($2, '-', '_')) AS platform "
        "FROM provider_keys WHERE workspace_id = $1 AND provider = $2",
        workspace_id,
        provider,
        address,
    )
    if row is None:
        raise RuntimeError("an aggregate answered no row")
    return KeysAtHand(
        own_active=row["active"], own_set_aside=row["set_aside"], platform=row["platform"], own_elsewhere=row["elsewhere"]
    )  # fmt: skip


async def find_route(tx: Tx, workspace_id: UUID, facts: ModelFacts) -> Route | None:
    """Where, at what price and with whose key. None without a price. Raises NoProviderKey."""
    route = facts.route()
    if route is None:
        return None
    keys = await find_keys_at_hand(tx, workspace_id, provider=facts.provider, address=key_address(facts))
    row = await tx.fetchrow("SELECT platform_keys, platform_markup_percent FROM find_workspace($1)", workspace_id)
    allowed, percent = (row["platform_keys"], row["platform_markup_percent"]) if row else (False, 0)
    return with_keys(route, facts, keys=keys, terms=PlatformTerms(allowed=allowed, markup_percent=percent))


def key_address(facts: ModelFacts) -> str:
    """The address that a key must be for: '' is the provider's own; a workspace's own URL takes the keys of exactly that URL."""
    return address_of(facts.base_url) if facts.own_base_url else ""
