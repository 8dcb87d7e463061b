"""What a prompt asks of its own test runs, in SQL: columns of `prompts` that are NULL where the workspace's hold."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from burnish_gateway.registry.prompt import Prompt
from burnish_shared.db.session import Tx


@dataclass(frozen=True, slots=True)
class OwnGate:
    """As it was said of one prompt. None: as the workspace has it."""

    test_run_gate: bool | None = None
    gate_evaluator_id: UUID | None = None
    gate_min_score: float | None = None

    def told(self) -> dict[str, Any]:
        """As JSON."""
        evaluator_id = None if self.gate_evaluator_id is None else str(self.gate_evaluator_id)
        return {"test_run_gate": self.test_run_gate, "gate_evaluator_id": evaluator_id, "gate_min_score": self.gate_min_score}


async def own_gate(tx: Tx, prompt: Prompt) -> OwnGate:
    rows = await tx.fetch(
        "SELECT test_run_gate, gate_evaluator_id, gate_min_score FROM prompts WHERE workspace_id = $1 AND prompt_id = $2",
        prompt.workspace_id, prompt.prompt_id,
    )  # fmt: skip
    return OwnGate(**dict(rows[0])) if rows else OwnGate()


async def put_gate(tx: Tx, prompt: Prompt, gate: OwnGate) -> None:
    await tx.execute(
        """UPDATE prompts SET test_run_gate = $3, gate_evaluator_id = $4, gate_min_score = $5
            WHERE workspace_id = $1 AND prompt_id = $2""",
        prompt.workspace_id, prompt.prompt_id, gate.test_run_gate, gate.gate_evaluator_id, gate.gate_min_score,
    )  # fmt: skip
