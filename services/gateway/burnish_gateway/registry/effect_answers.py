"""What hangs on a label, as it is told: prompts that change with it, and experiments on its calls."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from burnish_gateway.registry.prompt import Affected, OnLabel
from burnish_shared.contracts.experiments import Kind


class AffectedAnswer(BaseModel):
    """A served version of another prompt that reads otherwise. `through`: the names by which it includes the snippet.

    `new_required`: variables that it asks for from now on; `problem`: why it would be no prompt any more, which refuses the change.
    """

    prompt: str
    version: int
    labels: list[str]
    through: list[str]
    new_required: list[str]
    no_longer_used: list[str]
    problem: str | None


class ExperimentOnLabel(BaseModel):
    """One that was started and has not ended. While it runs, who takes part gets its arms, wherever the label stands."""

    id: UUID
    name: str
    kind: Kind
    status: Literal["running", "paused"]


def affected_answer(one: Affected) -> AffectedAnswer:
    return AffectedAnswer(
        prompt=one.slug,
        version=one.version,
        labels=list(one.labels),
        through=list(one.through),
        new_required=list(one.new_required),
        no_longer_used=list(one.no_longer_used),
        problem=one.problem,
    )


def experiments_on_label(found: Sequence[OnLabel]) -> list[ExperimentOnLabel]:
    return [ExperimentOnLabel.model_validate(asdict(one)) for one in found]
