"""How API keys are asked for, and how they look from outside."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from asyncpg import Record
from pydantic import BaseModel, Field, model_validator

from burnish_gateway.access.scopes import SCOPES
from burnish_gateway.access.wire_fields import AnyRole
from burnish_gateway.moments import Moment
from burnish_gateway.wire import ApiModel, Name
from burnish_shared.money import MAX_AMOUNT_NUSD

RoleName = Literal["admin", "editor", "viewer"]
Period = Literal["day", "month"]

OVERLAP_MOST_HOURS = 7 * 24

TOKENS_MOST = 10_000_000_000


class KeyBudget(ApiModel):
    """What the key may spend in a calendar day or month (UTC)."""

    limit_nusd: Annotated[int, Field(ge=0, le=MAX_AMOUNT_NUSD)]
    period: Period


class NewKey(ApiModel):
    """`scopes`: what the key is narrowed to, `<area>:read` or `<area>:write`; without any it may all that its role may."""

    name: Name
    role: AnyRole = "editor"
    scopes: Annotated[list[str], Field(default_factory=list, max_length=len(SCOPES), examples=[["executions:write", "prompts:read"]])]
    expires_at: Moment | None = None
    rate_limit_per_minute: Annotated[int, Field(ge=1, le=10_000_000)] | None = None
    rate_limit: Annotated[int, Field(ge=1, le=10_000_000, description="Another name of `rate_limit_per_minute`.")] | None = None
    token_limit_per_minute: Annotated[int, Field(ge=1, le=TOKENS_MOST)] | None = Field(
        default=None, description="Input and output together; null: what the workspace allows."
    )
    budget: KeyBudget | None = None

    @model_validator(mode="after")
    def _one_limit(self) -> Self:
        if self.rate_limit is not None and self.rate_limit_per_minute is not None:
            raise ValueError("rate_limit: is another name of rate_limit_per_minute; give one of them")
        return self

    @property
    def per_minute(self) -> int | None:
        """None: what the workspace allows."""
        return self.rate_limit_per_minute if self.rate_limit is None else self.rate_limit


class KeyChange(ApiModel):
    """Name and limits; what is not named stays. What a key may (`role`, `scopes`) and when it ends are fixed for its life: make another.

    `rate_limit_per_minute`, `token_limit_per_minute` null: what the workspace allows. `budget`: makes the key's budget
    of this period, or changes its limit; null closes those that it has. All hold for the whole line of a rotated key.
    """

    name: Name | None = None
    rate_limit_per_minute: Annotated[int, Field(ge=1, le=10_000_000)] | None = None
    rate_limit: Annotated[int, Field(ge=1, le=10_000_000, description="Another name of `rate_limit_per_minute`.")] | None = None
    token_limit_per_minute: Annotated[int, Field(ge=1, le=TOKENS_MOST)] | None = None
    budget: KeyBudget | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        given = self.model_fields_set
        if not given:
            raise ValueError("name, rate_limit_per_minute, token_limit_per_minute, budget: name what is to change")
        if {"rate_limit", "rate_limit_per_minute"} <= given:
            raise ValueError("rate_limit: is another name of rate_limit_per_minute; give one of them")
        if "name" in given and self.name is None:
            raise ValueError("name: must not be null")
        return self

    @property
    def limits(self) -> dict[str, int | None]:
        """Those that are to change, by column."""
        limits: dict[str, int | None] = {}
        if {"rate_limit", "rate_limit_per_minute"} & self.model_fields_set:
            limits["rate_limit_per_minute"] = self.rate_limit_per_minute if self.rate_limit is None else self.rate_limit
        if "token_limit_per_minute" in self.model_fields_set:
            limits["token_limit_per_minute"] = self.token_limit_per_minute
        return limits

    @property
    def changes_budget(self) -> bool:
        return "budget" in self.model_fields_set


class Rotation(ApiModel):
    """`overlap_hours`: how long the old key goes on beside the new one. `expires_at`: of the new key; without it the old one's."""

    overlap_hours: Annotated[int, Field(ge=0, le=OVERLAP_MOST_HOURS)] = 24
    expires_at: Moment | None = None


class BudgetOfKey(BaseModel):
    """One of the key's budgets; `/v1/budgets/{id}` changes it."""

    id: UUID
    limit_nusd: int
    period: Period
    hard: bool
    spent_nusd: int
    held_nusd: int


class KeyAnswer(BaseModel):
    """A key without its text. `created_by`: `user:…`, `api_key:…` or `operator`. `last_used_at` is up to half a minute late."""

    id: UUID
    name: str
    prefix: str
    role: RoleName
    scopes: list[str]
    is_operator: bool
    rate_limit_per_minute: int | None
    token_limit_per_minute: int | None
    budgets: list[BudgetOfKey]
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


class NewKeyAnswer(KeyAnswer):
    """`key` is the text of the key, shown this once."""

    key: str


class RotatedKeyAnswer(NewKeyAnswer):
    """The new key, and when the one that it replaces ends."""

    replaces: UUID
    replaced_expires_at: datetime


class KeyPage(BaseModel):
    data: list[KeyAnswer]
    next_cursor: str | None


def key_answer(row: Record, budgets: list[Record]) -> KeyAnswer:
    return KeyAnswer(
        id=row["api_key_id"],
        budgets=[
            BudgetOfKey(id=one["budget_id"], **{name: one[name] for name in BudgetOfKey.model_fields if name != "id"}) for one in budgets
        ],
        **{name: row[name] for name in KeyAnswer.model_fields if name not in ("id", "budgets")},
    )
