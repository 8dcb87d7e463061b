"""How many of a lane's slots one workspace, or one provider, may have: what hangs for one leaves the others theirs (PROMISES E-12)."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Self, TypeVar
from uuid import UUID

from burnish_executor import metrics
from burnish_shared.contracts.executions import ExecutionRequest

T = TypeVar("T", bound=Hashable)


@dataclass(slots=True)
class Bulkheads:
    """Of one lane. `slots`: all there are; `share`: most of them for one workspace; `provider_share`: for one provider's address.

    `is_queued`: refusals are not counted, as what is queued waits; and what has a slot is refused no other provider, as it cannot wait.
    """

    slots: int
    share: int
    provider_share: int
    is_queued: bool = False
    taken: int = 0
    _workspaces: Counter[UUID] = field(default_factory=Counter)
    _providers: Counter[Hashable] = field(default_factory=Counter)
    _left: asyncio.Event = field(default_factory=asyncio.Event, compare=False)

    @classmethod
    def by_percent(cls, slots: int, share_percent: int) -> Self:
        """A share is at least one slot, and the same for a workspace and for a provider."""
        share = max(1, slots * share_percent // 100)
        return cls(slots, share, share)

    def enter(self, workspace_id: UUID, provider: Hashable) -> "Seat | None":
        """Takes a slot. None: there is none, or none for this workspace or this provider."""
        of_workspace, of_provider = self._workspaces.get(workspace_id, 0), self._providers.get(provider, 0)
        reason = self._full(of_workspace, of_provider)
        if reason is not None:
            self._count(reason)
            return None
        self.taken += 1
        self._workspaces[workspace_id] = of_workspace + 1
        self._providers[provider] = of_provider + 1
        return Seat(self, workspace_id, provider)

    async def wait(self, workspace_id: UUID, provider: Hashable, *, at_most_s: float) -> "Seat | None":
        """Takes a slot as soon as one is free. None: none was, for so long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(at_most_s):
                while (seat := self.enter(workspace_id, provider)) is None:
                    await self._left.wait()
                return seat
        return None

    def leave(self, seat: "Seat") -> None:
        """Gives the slot back."""
        self._wake()
        self.taken -= 1
        _less(self._workspaces, seat.workspace_id)
        _less(self._providers, seat.provider)

    def move(self, seat: "Seat", provider: Hashable) -> bool:
        """A slot goes on to another provider. False: that one has its share; nothing changed. Never so for queued work."""
        if seat.provider == provider:
            return True
        if self._providers[provider] >= self.provider_share and not self.is_queued:
            self._count("provider")
            return False
        self._wake()
        _less(self._providers, seat.provider)
        self._providers[provider] += 1
        seat.provider = provider
        return True

    def _wake(self) -> None:
        self._left.set()
        self._left = asyncio.Event()

    def _count(self, reason: str) -> None:
        if not self.is_queued:
            metrics.SLOTS_REFUSED.labels(reason).inc()

    def _full(self, of_workspace: int, of_provider: int) -> str | None:
        if self.taken >= self.slots:
            return "slots"
        if of_workspace >= self.share:
            return "workspace"
        return "provider" if of_provider >= self.provider_share else None


@dataclass(slots=True)
class Seat:
    """One slot that was taken."""

    bulkheads: Bulkheads
    workspace_id: UUID
    provider: Hashable
    has_left: bool = False

    def move(self, provider: Hashable) -> bool:
        """The call goes on with another provider. False: that one has its share."""
        return self.bulkheads.move(self, provider)

    def leave(self) -> None:
        """The second time does nothing."""
        if not self.has_left:
            self.has_left = True
            self.bulkheads.leave(self)


def provider_of(request: ExecutionRequest) -> Hashable:
    """What hangs together: one address of one provider; a workspace's own address is nobody else's, whoever names the same."""
    route = request.route
    return route.provider, route.base_url, request.workspace_id if route.own_base_url else None


def _less(counter: Counter[T], key: T) -> None:
    left = counter[key] - 1
    if left > 0:
        counter[key] = left
    else:
        del counter[key]
