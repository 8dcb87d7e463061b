"""What a plan allows and costs, as the operator writes it and everybody reads it."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from burnish_gateway.wire import ApiModel, Text
from burnish_shared.money import MAX_AMOUNT_NUSD

PLAN_NAME = r"^[a-z][a-z0-9_-]{0,30}$"

Nusd = Annotated[int, Field(ge=0, le=MAX_AMOUNT_NUSD)]


class PlanBody(ApiModel):
    """All fields of a plan. Amounts in nano-dollars; those of a month count by calendar month in UTC."""

    name: Annotated[Text, Field(min_length=1, max_length=100)]
    rate_limit_per_minute: int = Field(ge=1, le=10_000_000, description="Executions a minute of one workspace.")
    token_limit_per_minute: int | None = Field(
        default=None, ge=1, le=10_000_000_000, description="Tokens a minute of one workspace, input and output together; null: no limit."
    )
    concurrency: int = Field(ge=1, le=1_000_000, description="Callers of one workspace that may wait for an answer at once.")
    workspaces_most: int = Field(
        default=20, ge=1, le=100_000, description="Workspaces that an organization may have; another one gets 409."
    )
    base_fee_nusd: Nusd = Field(default=0, description="A month; on the statement, never taken from the credit.")
    base_credit_nusd: Nusd = Field(default=0, description="Granted to the organization's home workspace, once a month.")
    overage_nusd: Nusd = Field(
        default=0,
        description="Credit line a month that is drawn when the credit is spent, of all workspaces of the organization together; 0: none.",
    )
    optimization_fee_nusd: Nusd = Field(default=0, description="Fixed fee of one optimization run.")
    retention_days_most: int = Field(ge=0, le=3650, description="Texts are kept no longer, whatever a workspace sets.")
    platform_keys: bool = Field(default=True, description="May the operator's own provider keys be used?")
    platform_allowance_nusd: Nusd = Field(default=0, description="Free use of them a month, by the organization's home workspace.")
    platform_markup_percent: int = Field(default=0, ge=0, le=1000, description="On the price of calls with them, beyond the allowance.")


class PlanAnswer(BaseModel):
    """A plan. Amounts in nano-dollars."""

    plan: str
    name: str
    rate_limit_per_minute: int
    token_limit_per_minute: int | None
    concurrency: int
    workspaces_most: int
    base_fee_nusd: int
    base_credit_nusd: int
    overage_nusd: int
    optimization_fee_nusd: int
    retention_days_most: int
    platform_keys: bool
    platform_allowance_nusd: int
    platform_markup_percent: int
    updated_at: datetime


class PlanPage(BaseModel):
    data: list[PlanAnswer]
    next_cursor: str | None


class PlanChoice(ApiModel):
    """The plan that an organization is to have."""

    plan: Annotated[str, Field(pattern=PLAN_NAME)]


class PlanChosen(BaseModel):
    """`granted_nusd`: base credit that the change brought for the running month."""

    organization_id: str
    plan: str
    before: str
    granted_nusd: int
