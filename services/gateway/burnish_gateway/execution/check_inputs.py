"""Looks at what a call puts into a version that wants it so: before anything is held for, so that a refusal costs nothing."""

import json

from burnish_gateway.deps import Gateway
from burnish_gateway.registry.version_checks import InputChecks
from burnish_shared.contracts.checks import Problem
from burnish_shared.contracts.executions import ExecutionRequest
from burnish_shared.errors import InputInvalid, Unavailable
from burnish_shared.sandbox import Failed, FailureKind


async def check_inputs(checks: InputChecks, request: ExecutionRequest, *, gateway: Gateway) -> None:
    """Raises InputInvalid with everything that does not hold, Unavailable where no worker was free to look."""
    problems = checks.problems(request.messages, request.variables)
    for slow in checks.slow:
        case = {"output": json.dumps(request.variables)}
        said = await gateway.grounds.look(slow.settings, case, tenant=str(request.workspace_id))
        match said:
            case Failed(FailureKind.UNAVAILABLE):
                raise Unavailable("Every worker that could look at the variables is busy; try again.", retry_after_s=1)
            case Failed():
                problems.append(Problem(check=slow.check, message="takes too long to look at"))
            case {"passed": True}:
                pass
            case _:
                problems.append(Problem(check=slow.check, message="the variables are not as the schema wants"))
    if problems:
        first = problems[0]
        where = f" at {first.path}" if first.path else ""
        more = f" ({len(problems) - 1} more)" if len(problems) > 1 else ""
        raise InputInvalid(
            f"The input is not valid: {first.check}{where}: {first.message}{more}.",
            param="variables",
            details={"problems": [one.model_dump(exclude_none=True) for one in problems]},
        )
