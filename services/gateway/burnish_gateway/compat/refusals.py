"""What this route refuses in OpenAI's manner."""

from burnish_shared.errors import BadRequest, InvalidField


class Unsupported(BadRequest):
    """OpenAI offers it, and we do not."""

    code = "unsupported_value"


class InvalidParameter(BadRequest):
    """A wrong parameter. Our own routes say 422; OpenAI says 400, and so applications catch `BadRequestError`."""

    def __init__(self, error: InvalidField) -> None:
        super().__init__(error.message, param=error.param, details=error.details)
        self.code = error.code  # type: ignore[misc]
