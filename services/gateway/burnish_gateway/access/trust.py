"""How long a gateway believes what it knows of keys, members and workspaces when it hears of no changes any more. Pure."""

from typing import Final

from burnish_shared.errors import Unavailable

GOES_ON: Final = frozenset({"feedback:write"})
"""Scopes beside the reading ones that go on: a reaction needs no PostgreSQL to be kept, spends nothing and changes no configuration."""


def check_fresh(stale_for_s: float, scope: str | None, *, trust_s: float) -> None:
    """Raises Unavailable where a revocation may have been missed for too long, unless the route only reads. `scope` None: it needs none."""
    if stale_for_s <= trust_s or scope is None or scope.endswith(":read") or scope in GOES_ON:
        return
    raise Unavailable(
        f"This gateway has heard nothing from its database for {stale_for_s:.0f} s and cannot know whether your access still holds. "
        "Reading goes on; try again for the rest.",
        retry_after_s=1,
    )
