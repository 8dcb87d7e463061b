"""Who is asking: the one identity behind every way of signing in."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Final, Literal
from uuid import UUID

from burnish_shared.books.admission_request import RateLimit, TokenLimit


class Role(IntEnum):
    """What a member or key may do; a higher one includes the lower."""

    VIEWER = 1
    EDITOR = 2
    ADMIN = 3


ROLES = {"viewer": Role.VIEWER, "editor": Role.EDITOR, "user": Role.EDITOR, "admin": Role.ADMIN}

ME: Final = "me"
"""How a filter names the caller, whoever that is."""


@dataclass(frozen=True, slots=True)
class WorkspaceFacts:
    """What the hot path needs to know of a workspace, of its organization and of their plan.

    `retention_days`: capped by the plan; `store_content` is false where it is 0. `platform_keys`: plan and workspace both allow them.
    `allowance_account_id`: what free use of the platform's keys is counted on, None before the first month. `overage_nusd`: credit line a
    month, 0: none. `home_workspace_id`: whose admins govern the organization. `cache_mode` asked: where a version or a call says so.
    """

    workspace_id: UUID
    organization_id: UUID
    name: str
    organization_name: str
    home_workspace_id: UUID
    plan: str
    credit_account_id: int
    allowance_account_id: int | None
    rate: RateLimit
    concurrency: int
    store_content: bool
    retention_days: int
    legal_hold: bool
    platform_keys: bool
    platform_markup_percent: int
    platform_allowance_nusd: int
    overage_nusd: int
    optimization_fee_nusd: int
    only_admins_change_prompts: bool
    share_statistics: bool
    suspended_at: datetime | None
    cache_mode: Literal["off", "asked", "deterministic", "always"] = "asked"
    cache_ttl_s: int = 3600
    response_shape: Literal["with_metadata", "raw", "headers"] = "with_metadata"
    tokens: TokenLimit | None = None


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """An API key as it is stored, without its secret. `first_key_id`: the first of its line, where keys were rotated; else itself."""

    api_key_id: UUID
    first_key_id: UUID
    workspace_id: UUID
    digest: bytes
    role: Role
    scopes: frozenset[str]
    is_operator: bool
    rate: RateLimit | None
    expires_at: datetime | None
    revoked_at: datetime | None
    tokens: TokenLimit | None = None


@dataclass(frozen=True, slots=True)
class Principal:
    """A verified caller in one workspace: an API key, or a person who signed in. At most one of `api_key_id` and `user_id` is there:
    neither of a call from this machine itself, where the operator lets it go without a key (`compat/source/caller.py`).

    `scopes`: what a key is narrowed to; empty: all that the role may. `is_operator`: may act on the installation.
    `first_key_id`: the key of the line, where keys were rotated, that budgets name. `expires_at`: when the key ends.
    """

    workspace: WorkspaceFacts
    role: Role
    api_key_id: UUID | None = None
    user_id: UUID | None = None
    scopes: frozenset[str] = frozenset()
    rate: RateLimit | None = None
    is_operator: bool = False
    first_key_id: UUID | None = None
    expires_at: datetime | None = None
    tokens: TokenLimit | None = None

    @property
    def workspace_id(self) -> UUID:
        return self.workspace.workspace_id

    @property
    def organization_id(self) -> UUID:
        return self.workspace.organization_id

    def named(self, actor: str | None) -> str | None:
        """Who a filter by actor means: `me` is the caller."""
        return self.actor if actor == ME else actor

    @property
    def actor(self) -> str:
        """How the audit log names the caller."""
        if self.api_key_id is not None:
            return f"api_key:{self.api_key_id}"
        return "loopback" if self.user_id is None else f"user:{self.user_id}"

    @property
    def rates(self) -> list[RateLimit]:
        """Every request limit that the caller's executions count against."""
        return [self.workspace.rate, *([self.rate] if self.rate else [])]

    @property
    def token_limits(self) -> list[TokenLimit]:
        """Every limit of tokens that they count against; mostly none."""
        return [one for one in (self.workspace.tokens, self.tokens) if one is not None]
