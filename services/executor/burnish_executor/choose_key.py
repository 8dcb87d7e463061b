"""Which keys a model may be asked with now, whose they are, and what their providers let them do."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from burnish_executor.borrow_tickets import Account
from burnish_executor.core.waterfall import Candidate, Rest, affinity_of, in_order
from burnish_executor.io.key_vault import Address, KeyVault, OwnKey
from burnish_executor.io.operators_leave import OperatorsLeave
from burnish_executor.io.platform_keys import platform_key
from burnish_executor.run import Run
from burnish_shared.contracts.executions import ExecutionRequest, KeyUse
from burnish_shared.contracts.provider_keys import UNLIMITED, KeyLimits
from burnish_shared.egress import address_of

NOBODYS: Final = KeyUse(source="none")


@dataclass(frozen=True, slots=True)
class Chosen:
    """Whose key a try is made with. `own`: the workspace's, so that what comes of it can be noted."""

    use: KeyUse
    account: Account
    secret: str | None = field(repr=False, default=None)
    own: OwnKey | None = None

    @property
    def place(self) -> tuple[str, str]:
        """What fails together: one address, asked with one key for one model."""
        return self.account.place, self.account.model


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of workspaces and of the operator. `limits`: of the operator's keys, by provider; `leave`: who lets them be used."""

    vault: KeyVault
    limits: dict[str, KeyLimits]
    leave: OperatorsLeave

    def operators(self, run: Run) -> Chosen:
        """The operator's key goes to the provider's own address alone, whatever a request says."""
        route = run.request.route
        account = Account(f"platform|{route.provider}", route.upstream_model, self.limits.get(route.provider, UNLIMITED))
        return Chosen(KeyUse(source="platform"), account, None if route.own_base_url else platform_key(route.provider))

    def nobodys(self, run: Run) -> Chosen:
        """An address that asks for no key."""
        route = run.request.route
        of = run.request.workspace_id.hex if route.own_base_url else ""
        return Chosen(NOBODYS, Account(f"none|{of}|{route.provider}|{route.base_url}", route.upstream_model))

    async def own(self, run: Run, *, tried: Collection[UUID]) -> list[Chosen]:
        """Those of the workspace that are valid and rested at this moment, in order. Raises Unavailable when nobody can tell which are."""
        keys = {key.provider_key_id: key for key in await self.vault.keys(own_address(run.request)) if key.provider_key_id not in tried}
        candidates = [Candidate(key.provider_key_id, key.priority, self.vault.rests_s(key)) for key in keys.values()]
        return [
            self._of_own(run, keys[one.provider_key_id])
            for one in in_order(candidates, affinity=affinity_of(run.request))
            if one.rests_s == 0
        ]

    async def rests(self, run: Run) -> list[Rest]:
        """Of each key of the workspace that only rests; one that its provider refused does not. Raises Unavailable."""
        keys = await self.vault.keys(own_address(run.request))
        rests = [Rest(self.vault.rests_s(key), self.vault.is_empty(key)) for key in keys if not self.vault.is_refused(key)]
        return [one for one in rests if one.seconds > 0]

    def _of_own(self, run: Run, key: OwnKey) -> Chosen:
        account = Account(f"own|{key.provider_key_id.hex}", run.request.route.upstream_model, key.limits)
        return Chosen(KeyUse(source="own", provider_key_id=key.provider_key_id), account, key.secret, key)


def own_address(request: ExecutionRequest) -> Address:
    """Which of the workspace's keys may be used: those for exactly the address that is called (no editor can lead a key elsewhere)."""
    route = request.route
    return request.workspace_id, route.provider, address_of(route.base_url) if route.own_base_url else ""
