"""When is an answer right? Pure."""


def is_right(output: str | None, *, expected: str) -> bool:
    """Equal after trimming, case included: an answer with a sentence around it is not the label that a program can use."""
    return output is not None and output.strip() == expected.strip()
