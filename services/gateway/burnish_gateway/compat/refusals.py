"""What this route refuses in OpenAI's manner."""

import re

from pydantic import ValidationError

from burnish_gateway.wire import invalid_field
from burnish_shared.errors import BadRequest, InvalidField


class InvalidParameter(BadRequest):
    """A wrong parameter. Our own routes say 422; OpenAI says 400, and so applications catch `BadRequestError`."""

    def __init__(self, error: InvalidField) -> None:
        super().__init__(error.message, param=error.param, details=error.details)
        self.code = error.code  # type: ignore[misc]


def refusal_of(error: ValidationError) -> InvalidField:
    """The first wrong parameter of a body, named as OpenAI names places in lists: `messages[0].role`."""
    told = invalid_field(error)
    param = None if told.param is None else re.sub(r"\.(\d+)", r"[\1]", told.param)
    return InvalidField(told.message.replace(told.param or "", param or "", 1), param=param)
