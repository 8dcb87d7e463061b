"""Examples in a prompt: the same for every request, or those nearest to it."""

from collections.abc import Sequence

from burnish_optimizer.search.task import Item
from burnish_shared import nearest_examples
from burnish_shared.nearest_examples import Example, NearestExamples


def with_examples(prompt: str, examples: Sequence[Item]) -> str:
    """The prompt with a section of examples at its end, one a line."""
    return nearest_examples.with_examples(prompt, [Example(item.input, item.expected) for item in examples])


def nearest(pool: Sequence[Item], request: str, *, count: int) -> tuple[Example, ...]:
    """As a served version chooses them (`NearestExamples`)."""
    said = {"count": count, "pool": [{"input": item.input, "expected": item.expected} for item in pool]}
    ready = NearestExamples.of(said)
    return () if ready is None else ready.nearest(request)
