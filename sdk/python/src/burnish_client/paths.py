"""Values that go into the path of a route."""

from urllib.parse import quote


def segment(value: object) -> str:
    """As one segment, whatever it holds: a slash, a question mark or two dots in a name lead to no other route."""
    return quote(str(value), safe="")
