"""How a place in a JSON document is written wherever an error names one: `arms[1].version`. Pure."""

from collections.abc import Iterable


def place_of(location: Iterable[int | str]) -> str:
    """Of names and numbers from the outside in; a number is a place in a list, counted from 0."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).removeprefix(".")
