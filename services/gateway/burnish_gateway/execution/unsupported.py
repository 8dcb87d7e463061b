"""What a format has a word for, and a call here does not do."""

from burnish_shared.errors import BadRequest


class Unsupported(BadRequest):
    """OpenAI offers it, and we do not."""

    code = "unsupported_value"
