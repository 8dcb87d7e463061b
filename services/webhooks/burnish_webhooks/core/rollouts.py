"""What chats and mail are told of rollouts and experiments, in words. Pure."""

from collections.abc import Mapping
from typing import Any, Final

from burnish_shared.contracts.events import Event

SEVERITY_OF: Final = {
    "experiment.started": "info",
    "experiment.advanced": "info",
    "experiment.held": "warning",
    "experiment.decided": "info",
    "experiment.rolled_back": "error",
}

KIND: Final = "experiment"
"""Of the filter of a channel."""

OUTCOMES: Final = {
    "rolled_out": "Rolled out",
    "better": "The candidate is better",
    "worse": "The candidate is worse",
    "no_difference": "No difference",
    "not_enough_data": "Not enough data",
}

CHOSEN: Final = "Winner chosen by hand"
"""What a person chose says nothing of what the data said."""


def is_told(event: Event) -> bool:
    """All that happens to a rollout, but for shares that somebody set by hand; of other experiments, how they ended."""
    if event.type not in SEVERITY_OF:
        return False
    if event.type == "experiment.advanced" and event.data.get("reason") != "step":
        return False
    return event.type == "experiment.decided" or event.data.get("kind") == "rollout"


def title_of(event_type: str, data: Mapping[str, Any]) -> str:
    name = data.get("name") or data.get("slug")
    if event_type == "experiment.decided":
        return f"{CHOSEN if _is_chosen(data) else OUTCOMES.get(str(data.get('outcome')), 'Ended')}: {name}"
    words = {
        "experiment.started": "Rollout began",
        "experiment.advanced": "Rollout took its next step",
        "experiment.held": "Rollout waits for somebody",
        "experiment.rolled_back": "Rolled back",
    }
    return f"{words[event_type]}: {name}"


def summary_of(event_type: str, data: Mapping[str, Any]) -> str:
    """What was found, in the words of whoever decided; of a step, who gets what now."""
    if event_type in ("experiment.started", "experiment.advanced"):
        shares = data.get("shares")
        said = [f"{arm} {share:.3g} %" for arm, share in _percentages(shares)]
        return f"Shares of the calls now: {', '.join(said)}." if said else "It began."
    if event_type == "experiment.held":
        return str(data.get("why") or "It goes no further by itself.")
    return str(data.get("sentence") or "")


def facts_of(data: Mapping[str, Any]) -> list[tuple[str, object]]:
    step = data.get("step")
    return [
        ("Prompt", data.get("slug")),
        ("Label", data.get("label")),
        ("Version", data.get("version") or data.get("winner_version")),
        ("Step", step + 1 if isinstance(step, int) else None),
        ("Decided by", "Burnish" if _decided_by(data).startswith("system:") else None),
    ]


def _is_chosen(data: Mapping[str, Any]) -> bool:
    return data.get("outcome") in ("better", "worse") and _is_by_hand(data)


def _is_by_hand(data: Mapping[str, Any]) -> bool:
    return bool(by := _decided_by(data)) and not by.startswith("system:")


def _decided_by(data: Mapping[str, Any]) -> str:
    """Empty where the event does not say."""
    return str(data.get("decided_by") or "")


def _percentages(shares: object) -> list[tuple[str, float]]:
    if not isinstance(shares, Mapping):
        return []
    return [(str(arm), 100 * share) for arm, share in shares.items() if isinstance(share, int | float)]
