"""What `model: auto` asks of a model, where a client can say it in `metadata` alone. Pure."""

from collections.abc import Mapping
from typing import Any

from burnish_gateway.routing.bodies import Requirements
from burnish_gateway.wire import parse_model
from burnish_shared.errors import BurnishError, InvalidField


def requirements_in(metadata: Mapping[str, Any]) -> dict[str, Any] | None:
    """From `metadata.requirements`, a JSON object as text; None where nothing is said. Raises InvalidField."""
    said = metadata.get("requirements")
    if said is None:
        return None
    if not isinstance(said, str):
        raise InvalidField("metadata.requirements: must be a JSON object, as text.", param="metadata.requirements")
    try:
        return parse_model(Requirements, said.encode()).model_dump(exclude_none=True)
    except BurnishError as error:
        raise InvalidField(f"metadata.requirements: {error.message}", param="metadata.requirements") from error
