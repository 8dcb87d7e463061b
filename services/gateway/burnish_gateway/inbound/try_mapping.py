"""What a message would come to by a mapping, saved or not. Nothing is kept."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from burnish_gateway.deps import Gateway
from burnish_gateway.inbound.bodies import TrialAnswer, TrialProblem
from burnish_gateway.inbound.mapping import compiled
from burnish_gateway.inbound.receive import reaction_in
from burnish_shared.errors import InvalidField


async def try_mapping(gateway: Gateway, workspace_id: UUID, stored: Mapping[str, str], payload: Mapping[str, Any]) -> TrialAnswer:
    """Raises InvalidField for a mapping that cannot be read; what it cannot make of the payload is the answer."""
    mapping = compiled(stored)
    try:
        found = await reaction_in(gateway, workspace_id, mapping, payload)
    except InvalidField as error:
        problem = TrialProblem(param=error.param, message=error.message)
        return TrialAnswer(outcome="refused", feedback=None, message_id=None, problem=problem)
    if found is None:
        return TrialAnswer(outcome="left_alone", feedback=None, message_id=None, problem=None)
    said = found.body.model_dump(mode="json", exclude_none=True)
    return TrialAnswer(outcome="taken", feedback=said, message_id=found.message_id, problem=None)
