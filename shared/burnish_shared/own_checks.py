"""Runs code of a workspace's own, and other looks that can take long, where they can be stopped: worker processes, never this loop."""

import json
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from burnish_shared.contracts.evaluators import Code, EvaluatorSettings
from burnish_shared.contracts.executions import ExecutionRequest
from burnish_shared.errors import Unavailable
from burnish_shared.evaluators.build import Evaluator, build
from burnish_shared.evaluators.grounds import Grounds
from burnish_shared.evaluators.verdict import Case, Mistake, NoScore, Verdict
from burnish_shared.guarding.rules import Rule, Stopped

KEPT: Final = 1_000
"""Evaluators that were built and are kept; their code and patterns live in the workers."""


@dataclass(frozen=True, slots=True)
class OwnChecks:
    """No process is started before a check needs one."""

    grounds: Grounds
    _built: "OrderedDict[tuple[UUID, str], Evaluator]" = field(default_factory=OrderedDict)

    async def stopped(self, rules: Sequence[Rule], case: Case, workspace_id: UUID) -> Stopped | None:
        """The first rule whose own code does not let the text (`case.output`) pass."""
        for rule in rules:
            if rule.check is None:
                continue
            settings = Code(kind="code", language=rule.check.language, code=rule.check.code)
            verdict = await self.verdict(settings, case, workspace_id)
            if isinstance(verdict, NoScore):
                if rule.check.on_failure == "block":
                    return Stopped(rule.name, unchecked=verdict.reason)
            elif not verdict.passed:
                return Stopped(rule.name)
        return None

    async def verdict(self, settings: EvaluatorSettings, case: Case, workspace_id: UUID) -> Verdict:
        """What an evaluator that asks no model says; NoScore where it cannot be built or run."""
        key = (workspace_id, settings.model_dump_json(by_alias=True))
        evaluator = self._built.get(key)
        if evaluator is None:
            try:
                evaluator = await build(settings, grounds=self.grounds, tenant=str(workspace_id))
            except Mistake as mistake:
                return NoScore("failed", mistake.message)
            except Unavailable as error:
                return NoScore("unavailable", error.message)
            self._built[key] = evaluator
            while len(self._built) > KEPT:
                self._built.popitem(last=False)
        return await evaluator(case)


def case_of(text: str, request: ExecutionRequest) -> Case:
    """As evaluators see an answer: the text, what was asked, and what came with it."""
    asked = next((one.get("content") for one in reversed(request.messages) if one.get("role") == "user"), None)
    plain = json.loads(json.dumps({"variables": request.variables, "metadata": request.caller.metadata, "input": asked}))
    return Case(text, input=plain["input"], variables=plain["variables"], metadata=plain["metadata"])
