"""What a search proposed, by what became of it (PRODUCT O6). Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

STATES: Final = ("chosen", "alive", "dropped", "rejected")
"""What may become of a proposal, in the order in which lists show them."""


def counts_of(proposals: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """State → how many; all of STATES, also those that none has. `proposals`: each with its `state`."""
    states = [one["state"] for one in proposals]
    return {state: states.count(state) for state in STATES}
