"""Usage and statements as they are shown."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from burnish_gateway.billing.usage_store import COUNTED, Dimension


class UsageRow(BaseModel):
    """One group. `group`: value by dimension, '' where there was none. `cost_nusd`: what was charged, with markup; `loss_nusd`: what
    providers counted beyond holds, which the platform bore. Calls of searches, test runs and judges stand at the prompt that they
    are about."""

    group: dict[str, str]
    name: str | None = Field(default=None, description="Of an API key that is grouped by, else of a provider key.")
    names: dict[str, str] = Field(description="By dimension, of API keys and provider keys that are grouped by; also of those revoked.")
    executions: int
    successes: int
    input_tokens: int
    cached_input_tokens: int
    output_tokens: int
    cost_nusd: int
    markup_nusd: int
    loss_nusd: int
    simulated: bool = Field(description="True when any of it was made by a simulated model.")
    simulated_executions: int


class UsagePage(BaseModel):
    """`from` and `to` are days in UTC, both included, by the day of admission. `closed_through`: days up to it change no more."""

    start: date = Field(serialization_alias="from")
    end: date = Field(serialization_alias="to")
    group_by: list[Dimension]
    closed_through: date | None
    data: list[UsageRow]
    next_cursor: str | None


class RateUse(BaseModel):
    """How much of a limit is used now, as the limiter has it and `RateLimit-*` tells it. Requests that were refused use nothing."""

    per_minute: int
    at_once: int = Field(
        description="What may begin at the same moment where nothing did lately: of calls a fifth of a minute's, and one; of tokens all."
    )
    remaining: int = Field(description="Calls, or tokens, that would be let in at this very moment.")
    reset_s: float = Field(description="Seconds without a call until all of `at_once` is there again.")


class KeyRateUse(RateUse):
    """An API key with a limit of its own; its calls use the workspace's too."""

    api_key_id: UUID
    name: str


class TokenRates(BaseModel):
    """Limits of tokens, and how many may be taken at this moment. What a call under way may use at most counts as used until it ends."""

    workspace: RateUse | None = Field(description="Null: it has none, nor has its plan.")
    api_keys: list[KeyRateUse] = Field(description="Keys that work and have a limit of their own, the fullest first; at most 100.")


class RatesAnswer(BaseModel):
    """Limits of requests, and of tokens, and how much of them is used at this moment."""

    workspace: RateUse
    api_keys: list[KeyRateUse] = Field(description="Keys that work and have a limit of their own, the fullest first; at most 100.")
    tokens: TokenRates


class Line(BaseModel):
    """What changed the balance, by kind: above zero it came in, below it went out."""

    kind: str
    transfers: int
    amount_nusd: int


class ModelUsage(BaseModel):
    """What a model was used for; `cost_nusd` with markup; `loss_nusd` beside it the platform bore."""

    model: str
    executions: int
    successes: int
    input_tokens: int
    cached_input_tokens: int
    output_tokens: int
    cost_nusd: int
    markup_nusd: int
    loss_nusd: int
    simulated: bool = Field(description="True when any of it was made by a simulated model.")
    simulated_executions: int


class Charges(BaseModel):
    """Of executions admitted in the month. `total_nusd` + `borne_by_platform_nusd` is what they cost. `simulated`: some were made by
    simulated models, so some of these amounts, and of the lines and balances that they are in, are of no real call."""

    total_nusd: int
    from_credit_nusd: int
    from_jobs_nusd: int
    from_allowance_nusd: int
    borne_by_platform_nusd: int
    simulated: bool
    simulated_executions: int
    models: list[ModelUsage]


class AllowanceMonth(BaseModel):
    """Free use of the operator's keys. `change_nusd`: what was given, less what was used and what expired."""

    opening_nusd: int
    change_nusd: int
    used_nusd: int
    closing_nusd: int


class StatementAnswer(BaseModel):
    """`opening_balance_nusd` plus `lines` is `closing_balance_nusd`; `set_aside_nusd` of it belongs to test runs and jobs.

    `due_nusd`: to the operator, for the plan's fee and the credit line that was drawn.
    """

    month: str
    start: date = Field(serialization_alias="from")
    end: date = Field(serialization_alias="to")
    plan: str | None = Field(description="Whose base fee it is: of several in one month that of the highest, of equal ones the last.")
    opening_balance_nusd: int
    lines: list[Line]
    closing_balance_nusd: int
    set_aside_nusd: int
    charges: Charges
    allowance: AllowanceMonth
    base_fee_nusd: int
    base_credit_nusd: int
    credit_line_nusd: int
    due_nusd: int


def counted(row: Mapping[str, Any]) -> dict[str, Any]:
    """The sums of a row of `usage`, as they are shown."""
    sums = {name: row[name] for name in COUNTED if name != "simulated"}
    return sums | {"simulated": row["simulated"] > 0, "simulated_executions": row["simulated"]}
