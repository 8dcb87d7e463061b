"""Numbers of things in words."""


def counted(number: int, one: str, many: str | None = None) -> str:
    """`1 workspace`, `2,000 workspaces`. `many` where it is not `one` with an s."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"
