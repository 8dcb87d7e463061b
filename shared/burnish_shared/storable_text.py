"""Text as PostgreSQL takes it."""


def storable(text: str) -> str:
    """U+0000 and lone surrogates, which models do emit, become U+FFFD."""
    if "\x00" in text:
        text = text.replace("\x00", "\ufffd")
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
