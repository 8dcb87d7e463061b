"""Examples in a prompt: the same for every request, or those nearest to it."""

from collections.abc import Sequence

from burnish_optimizer.search.likeness import Likeness
from burnish_optimizer.search.task import Item

TITLE = "Examples:"


def with_examples(prompt: str, examples: Sequence[Item]) -> str:
    """The prompt with a section of examples at its end, one a line."""
    lines = [f"- {' '.join(item.input.split())} -> {item.expected}" for item in examples]
    return "\n".join([prompt.rstrip("\n"), "", TITLE, *lines]) if lines else prompt


def nearest(pool: Sequence[Item], request: str, *, count: int) -> tuple[Item, ...]:
    """The likest items by words in common, the nearest last, where models heed them most. An item is never an example for itself."""
    likeness = Likeness()
    for item in pool:
        likeness.learn(item.input)
    others = [item for item in pool if item.input.strip() != request.strip()]
    ranked = sorted(others, key=lambda item: (-likeness.between(request, item.input), item.id))
    return tuple(reversed(ranked[:count]))
