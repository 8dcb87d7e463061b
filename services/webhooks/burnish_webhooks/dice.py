"""Chance as a dependency, so that rules about it can be tested."""

import random
from typing import Protocol


class Dice(Protocol):
    """Where jitter comes from."""

    def roll(self) -> float:
        """A number in [0, 1)."""
        ...


class SystemDice:
    """Jitter needs no secrecy, so the ordinary generator does."""

    def roll(self) -> float:
        return random.random()
