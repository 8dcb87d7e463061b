"""When is an answer right? Pure."""

from burnish_shared.expected_answer import is_same


def is_right(output: str | None, *, expected: str) -> bool:
    """Equal after trimming, case included: an answer with a sentence around it is not the label that a program can use. A JSON object or
    list is equal by its value, however it is spelled."""
    return output is not None and is_same(output, expected)
