"""Which of several patterns a model's name fits best: `openai/gpt-5` is that model, `openai/*` every one whose name begins so. Pure."""

from collections.abc import Iterable


def fits(pattern: str, model: str) -> bool:
    return model.startswith(pattern[:-1]) if pattern.endswith("*") else model == pattern


def best_pattern(patterns: Iterable[str], model: str) -> str | None:
    """The exact name, else the longest beginning; None where none fits."""
    fitting = [one for one in patterns if fits(one, model)]
    return max(fitting, key=lambda one: (not one.endswith("*"), len(one)), default=None)
