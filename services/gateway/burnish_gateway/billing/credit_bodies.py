"""Credits as they are asked for and shown."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from burnish_gateway.strict_json import INT8_MOST
from burnish_gateway.wire import ApiModel, Text
from burnish_shared.money import MAX_AMOUNT_NUSD

TransferKind = Literal[
    "grant", "top_up", "base_grant", "credit_line", "allowance", "allowance_expired", "charge", "overage", "fee", "funding",
    "funding_return", "refund", "adjustment", "move_out", "move_in",
]  # fmt: skip

Amount = Annotated[int, Field(ge=1, le=MAX_AMOUNT_NUSD)]
Reason = Annotated[Text, Field(min_length=1, max_length=500)]


class Allowance(BaseModel):
    """Free use of the operator's provider keys in the running month, by the organization's home workspace.

    `left_nusd`: what may still be begun.
    """

    month_nusd: int = Field(description="What the plan gives in a month.")
    given_nusd: int = Field(
        description="What was given for this one. After a change to a plan that gives less it is more than `month_nusd`: it stays."
    )
    left_nusd: int


class CreditLine(BaseModel):
    """What the plan lends in a calendar month once the credit is spent, to all workspaces of the organization together.

    It is due at the month's end.
    """

    month_nusd: int
    used_nusd: int
    left_nusd: int


class CreditsAnswer(BaseModel):
    """Amounts in nano-dollars. `balance_nusd` = `available_nusd` + `held_nusd` (of calls under way); `credits`: the balance in US cents."""

    balance_nusd: int
    held_nusd: int
    available_nusd: int
    spent_nusd: int = Field(
        description="All that ever went out, gross: what was set aside for jobs counts in full, also what came back of it. For what was "
        "used take `used_nusd`."
    )
    used_nusd: int = Field(
        description="What calls, jobs and fees have ever taken from this credit, net: `spent_nusd` without refunds, without what jobs gave "
        "back, and without credit that was moved away or taken back. What is set aside for a job under way counts until it ends."
    )
    credits: str
    below_nusd: int | None = Field(description="`credits.low` is sent when less than this is left; null: never.")
    suspended: bool
    plan: str
    in_flight: int = Field(description="Callers that wait for an answer now.")
    concurrency: int = Field(description="So many may at once.")
    base_credit_nusd: int = Field(description="What the plan gave this workspace in the running month.")
    allowance: Allowance
    credit_line: CreditLine


class TransferAnswer(BaseModel):
    """One entry of the ledger, never changed. `corrects`: the entry that a refund takes back."""

    id: int
    kind: TransferKind
    amount_nusd: int
    change_nusd: int = Field(
        description="What it did to `balance_nusd` of `GET /v1/credits`; 0 where the allowance paid, or what a job had set aside. All of "
        "them add up to that balance."
    )
    debit_account_id: int
    credit_account_id: int
    execution_id: UUID | None
    reason: str | None
    corrects: int | None
    simulated: bool = Field(description="It pays for the answer of a simulated model, so it is of no real call.")
    at: datetime


class TransferPage(BaseModel):
    data: list[TransferAnswer]
    next_cursor: str | None


class GrantBody(ApiModel):
    """`payment`: id of a payment in your own books; credit that was paid for, and comes in once however often it is sent.

    A payment is one workspace's: sent for another one it is refused with 409.
    """

    workspace_id: UUID
    amount_nusd: Amount
    reason: Reason
    payment: Annotated[Text, Field(min_length=1, max_length=100)] | None = None


class GrantAnswer(BaseModel):
    transfer_id: int
    workspace_id: UUID
    amount_nusd: int
    balance_nusd: int


class RefundBody(ApiModel):
    """Which charge or fee, of which workspace (absent: one's own). Without `amount_nusd`: all that was not given back yet."""

    workspace_id: UUID | None = None
    transfer_id: Annotated[int, Field(ge=1, le=INT8_MOST)] | None = None
    execution_id: UUID | None = None
    amount_nusd: Amount | None = None
    reason: Reason

    @model_validator(mode="after")
    def _names_one(self) -> "RefundBody":
        if (self.transfer_id is None) == (self.execution_id is None):
            raise ValueError("give either transfer_id or execution_id")
        return self


class AdjustmentBody(ApiModel):
    """Credit that should not have come in.

    `transfer_id`: the grant, payment, base credit, allowance or refund in that workspace's ledger.
    """

    workspace_id: UUID
    transfer_id: Annotated[int, Field(ge=1, le=INT8_MOST)]
    amount_nusd: Amount
    reason: Reason


class RefundAnswer(BaseModel):
    """`left_nusd`: what could still be given back of the same charge."""

    transfer_id: int
    corrects: int
    amount_nusd: int
    left_nusd: int


class AdjustmentAnswer(BaseModel):
    """`left_nusd`: what could still be taken back of the same entry."""

    transfer_id: int
    corrects: int
    amount_nusd: int
    left_nusd: int


class MoveBody(ApiModel):
    """`from_workspace_id`: absent: this workspace; another one for admins of the organization's home workspace."""

    from_workspace_id: UUID | None = None
    to_workspace_id: UUID
    amount_nusd: Amount
    reason: Reason


class MoveAnswer(BaseModel):
    from_workspace_id: UUID
    to_workspace_id: UUID
    amount_nusd: int


class WarningBody(ApiModel):
    """`credits.low` is sent once when less than this is left; null: never."""

    below_nusd: Annotated[int, Field(ge=1, le=MAX_AMOUNT_NUSD)] | None


class SuspensionBody(ApiModel):
    reason: Reason


class SuspensionAnswer(BaseModel):
    workspace_id: UUID
    suspended: bool
    changed: bool
