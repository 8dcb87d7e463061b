"""A label as a field of a body."""

from burnish_shared.errors import InvalidField
from burnish_shared.slug import parse_label


def label_named(text: str) -> str:
    """The label that `text` means. For a pydantic validator: raises ValueError where it is none."""
    try:
        return parse_label(text)
    except InvalidField as error:
        raise ValueError(f"{text[:100]!r} can be no label. {error}") from None
