"""Null in a body, for a field that can't be null. Pure."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError


def absent_by_null(model: type[BaseModel], given: Mapping[str, Any], error: ValidationError) -> set[str]:
    """Fields of the body itself that are null, were refused for it, and need not be there."""
    optional = {one.alias or name for name, one in model.model_fields.items() if not one.is_required()}
    refused = {one["loc"][0] for one in error.errors(include_url=False, include_context=False, include_input=False) if one["loc"]}
    return {name for name, one in given.items() if one is None and name in optional and name in refused}
