"""What a body that changes something names: a field that is not given stays as it is."""

from collections.abc import Container
from typing import Any

from burnish_gateway.wire import ApiModel
from burnish_shared.errors import InvalidField


def named_by(body: ApiModel, *, may_be_null: Container[str] = (), but: Container[str] = ()) -> dict[str, Any]:
    """Each field that was given, `but` some. Raises InvalidField for a null that would say nothing."""
    given = body.model_dump(include=body.model_fields_set)
    empty = next((name for name, value in given.items() if value is None and name not in may_be_null), None)
    if empty is not None:
        raise InvalidField(f"{empty}: must not be null; leave it out to keep what it is.", param=empty)
    return {name: value for name, value in given.items() if name not in but}
