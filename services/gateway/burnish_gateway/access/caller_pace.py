"""How many requests a minute one caller, and one workspace, may send to this gateway besides executions and feedback: a script that runs
away must not keep everybody else waiting. In memory alone, so each gateway counts for itself, and nothing is written."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import Final

from burnish_gateway.access.principal import Principal
from burnish_gateway.client_address import network_of
from burnish_gateway.metrics import PACED
from burnish_gateway.throttle import Throttle
from burnish_shared.errors import RateLimited, whole_s

BURST_RATIO: Final = 0.2
"""Of a minute's, that may come at once; as of executions."""

WORKSPACE_TIMES: Final = 4
"""So many times what one caller may send, all callers of a workspace may send together."""

COUNTED_ELSEWHERE: Final = frozenset({"executions:write", "feedback:write"})
"""Scopes of routes that are not counted here: executions have exact limits of their own, feedback is taken at any rate."""


@dataclass(slots=True)
class CallerPace:
    """`per_minute`: of one API key, with those that it was rotated into, or one person; `links_per_minute`: tokens of
    links, for which nobody signs in, of one address. 0: no limit."""

    per_minute: int
    links_per_minute: int
    now_s: Callable[[], float] = time.monotonic
    _callers: Throttle = field(init=False)
    _workspaces: Throttle = field(init=False)
    _links: Throttle = field(init=False)

    def __post_init__(self) -> None:
        self._callers, self._workspaces = _throttle(self.per_minute), _throttle(self.per_minute * WORKSPACE_TIMES)
        self._links = _throttle(self.links_per_minute)

    def take_link(self, address: str) -> None:
        """Counts one token of a link that somebody shows or uses, by where they are. Raises RateLimited."""
        if not self.links_per_minute:
            return
        wait_s = self._links.take(network_of(address), now_s=self.now_s())
        if wait_s > 0:
            raise _refused(self.links_per_minute, "address", wait_s)

    def take(self, principal: Principal, scope: str | None) -> Mapping[str, str]:
        """Counts one request; the headers that tell how much is left. Raises RateLimited. `scope`: of its route."""
        if not self.per_minute or scope in COUNTED_ELSEWHERE:
            return {}
        now_s, whose = self.now_s(), "api_key" if principal.api_key_id is not None else "user"
        caller = str(principal.first_key_id or principal.user_id or principal.workspace_id)
        wait_s = self._callers.take(caller, now_s=now_s)
        if wait_s > 0:
            raise _refused(self.per_minute, whose, wait_s)
        wait_s = self._workspaces.take(str(principal.workspace_id), now_s=now_s)
        if wait_s > 0:
            raise _refused(self.per_minute * WORKSPACE_TIMES, "workspace", wait_s)
        left = self._callers.left(caller, now_s=now_s)
        return _headers(self.per_minute, left=left, reset_s=(self._callers.burst - left) / self._callers.rate_per_s)


def _throttle(per_minute: int) -> Throttle:
    return Throttle(rate_per_s=per_minute / 60, burst=_burst(per_minute))


def _burst(per_minute: int) -> int:
    return max(1, int(per_minute * BURST_RATIO))


def _refused(per_minute: int, whose: str, wait_s: float) -> RateLimited:
    PACED.labels(whose).inc()
    what = {
        "api_key": ", besides executions and feedback, may be sent with this API key",
        "user": ", besides executions and feedback, may be sent by you",
        "workspace": ", besides executions and feedback, may be sent in this workspace",
        "address": " with the token of a link may be sent from one address",
    }[whose]
    return RateLimited(
        f"Too many requests: {per_minute} a minute{what}. The next is taken in {whole_s(wait_s)} s, as Retry-After says.",
        retry_after_s=wait_s,
        details={"limit_per_minute": per_minute, "limit_of": whose},
        headers=_headers(per_minute, left=0, reset_s=wait_s),
    )


def _headers(per_minute: int, *, left: float, reset_s: float) -> dict[str, str]:
    return {
        "ratelimit-limit": str(per_minute),
        "ratelimit-remaining": str(int(left)),
        "ratelimit-reset": str(ceil(reset_s)),
        "ratelimit-policy": f"{per_minute};w=60;burst={_burst(per_minute)}",
    }
