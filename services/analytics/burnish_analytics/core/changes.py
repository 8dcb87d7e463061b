"""What changed at about the time of an alert, besides the version: the models that answer, and how much is asked. Pure."""

from collections.abc import Mapping
from typing import Any, Final

SHARE_LEAST: Final = 0.2
"""A model counts as one that answers when it has this share of the calls."""

CALLS_LEAST: Final = 20
TRAFFIC_RATIO: Final = 3.0


def changes_of(before: Mapping[str, int], recent: Mapping[str, int], *, hours_before: float, hours_recent: float) -> dict[str, Any]:
    """From calls by model of the hours before and of the recent ones. Nothing is said of too few calls."""
    if sum(before.values()) < CALLS_LEAST or sum(recent.values()) < CALLS_LEAST:
        return {}
    said: dict[str, Any] = {}
    models = _models(before), _models(recent)
    if models[0] != models[1]:
        said["model"] = {"from": ", ".join(models[0]), "to": ", ".join(models[1])}
    hourly = sum(before.values()) / hours_before, sum(recent.values()) / hours_recent
    if max(hourly) >= TRAFFIC_RATIO * min(hourly):
        said["calls_an_hour"] = {"from": round(hourly[0]), "to": round(hourly[1])}
    return said


def _models(calls: Mapping[str, int]) -> list[str]:
    total = sum(calls.values())
    return sorted(model for model, count in calls.items() if count >= SHARE_LEAST * total)
