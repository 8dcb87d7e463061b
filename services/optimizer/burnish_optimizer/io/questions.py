"""What a job asks of models, what comes back, where it is written down, and how asking can fail."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol
from uuid import UUID

from burnish_optimizer.io.evaluations_store import Booked, Key, Stored
from burnish_shared.contracts.executions import ExecutionRequest, PromptRef, Route
from burnish_shared.db.session import Tx
from burnish_shared.errors import BurnishError

SUSPENDED: Final = "suspended"
"""The executor's word for a workspace that its operator suspended."""

WHAT_TO_DO: Final = {
    "budget": "A hard budget of the workspace or of the prompt has less left than a call may cost at most: GET /v1/budgets shows which. "
    "Raise it, or wait until it begins anew, and start again.",
    "credit": "The workspace has no credit left: add some, and start again.",
    SUSPENDED: "The workspace is suspended: ask its operator, and start again afterwards.",
    "funding": "What was set aside for it is spent: start again, with a higher cap where it had one.",
}
"""By the reason of a refusal."""


class OutOfFunds(BurnishError):
    """The executor did not admit an evaluation: the job's money, or the workspace's, is spent. `reason`: the verdict's name.

    `nowhere`: its execution, where that is under way nowhere, so that another one may take its place.
    """

    code = "out_of_credit"

    def __init__(self, reason: str, *, nowhere: UUID | None = None) -> None:
        super().__init__(f"An evaluation could not be paid for any more ({reason}). {WHAT_TO_DO.get(reason, '')}".rstrip())
        self.reason, self.nowhere = reason, nowhere


class BudgetSpent(OutOfFunds):
    """A hard budget beside who pays has too little left for it."""

    code = "budget_exhausted"


def out_of_funds(reason: str, *, nowhere: UUID | None = None) -> OutOfFunds:
    """By the verdict's name, with the code that a call of an application gets for the same."""
    return (BudgetSpent if reason == "budget" else OutOfFunds)(reason, nowhere=nowhere)


class EndUserOutOfBudget(BurnishError):
    """A budget of the line's end user has too little left for it. `nowhere` as of OutOfFunds."""

    code = "budget_exhausted"

    def __init__(self, *, nowhere: UUID | None = None) -> None:
        super().__init__(
            "A budget of this line's end user has too little left for it: GET /v1/budgets shows which. Raise it, or wait until it begins "
            "anew, and send the line again in another batch."
        )
        self.nowhere = nowhere


class OutOfTime(BurnishError):
    """Its job may ask nothing new any more; what it had asked before may still be read."""

    code = "out_of_time"

    def __init__(self) -> None:
        super().__init__("It was not asked: the time of its job is over.")


class EvaluationFailed(BurnishError):
    """The model could not be asked, time and again."""

    code = "evaluation_failed"


class ModelUnreached(EvaluationFailed):
    """No model read it, for a reason that any text would meet. `error`: of its execution."""

    def __init__(self, message: str, *, error: dict[str, Any]) -> None:
        super().__init__(message)
        self.error = error


class NotSent(BurnishError):
    """Its job has stopped asking. `nowhere`: its execution, where that is under way nowhere, so that another one may take its place."""

    code = "not_sent"

    def __init__(self, *, nowhere: UUID | None = None) -> None:
        super().__init__("It was not sent: the job has stopped asking.")
        self.nowhere = nowhere


class Checkpoint(Protocol):
    """Where it is written what was asked under which execution, and what came back. Safe to repeat, all of it."""

    async def claim(self, tx: Tx, asked: Sequence[tuple[Key, UUID]], *, makes: bool = True) -> dict[Key, Stored]:
        """The row of each key: one under the given execution id, or under the one that it had before.

        Without `makes` the rows that are there, and no others.
        """
        ...

    async def settle(self, tx: Tx, answers: Sequence[tuple[Key, Booked, float | None]]) -> None:
        """Writes answers. One of an execution that is no longer the row's changes nothing."""
        ...

    async def renew(self, tx: Tx, key: Key, failed: Booked, *, execution_id: UUID, attempt: int) -> None:
        """Another execution in place of one that failed; what that one cost stays counted.

        `attempt`, from 1: which try it is, without those that only had to wait.
        """
        ...

    def budgets_of(self, question: "Question") -> Sequence[int]:
        """Accounts that a call counts against beside who pays, as the last `claim` found them."""
        ...


@dataclass(frozen=True, slots=True)
class Question:
    """One call of a model. `expected` None: the answer is not scored (a proposal). `made`: as the gateway made it, where it did."""

    key: Key
    route: Route
    messages: list[dict[str, Any]]
    variables: dict[str, Any]
    settings: dict[str, Any]
    timeout_s: float
    prompt: PromptRef | None = None
    output_format: str = "text"
    expected: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)
    """Fields of the provider's own format, as the version says them."""
    made: ExecutionRequest | None = None
    traceparent: str | None = None
    """The trace that the call belongs to. None: one of its own."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `output` None: the execution did not succeed, for a reason that another try would not change."""

    execution_id: UUID
    output: str | None
    error: dict[str, Any] | None
    cost_nusd: int
    latency_ms: int | None
    simulated: bool
