"""The figures of an alert, and what changed at about that time, as lines for people. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from burnish_shared.money import credits_text

RATIOS: Final = {
    "satisfaction": "satisfaction",
    "quality": "score",
    "error_rate": "failed",
    "reaction_rate": "reacted to",
    "share_above": "beyond that",
    "target": "target",
    "low": "at least",
    "high": "at most",
}
"""Shares of an alert, and the word that stands before the percentage."""

WORDS: Final = {
    "p95": "95 % within",
    "most_of_one_voice": "of one voice at most",
    "resets_at": "begins anew",
    "sunset_at": "ends",
    "http_status": "HTTP status",
    "failed_calls": "failed in a row",
    "saved_calls": "answered by fallbacks",
    "window_minutes": "minutes looked at",
}

FIRST: Final = (
    "satisfaction", "quality", "error_rate", "reaction_rate", "p95_ms", "mean_cost_nusd", "p95_nusd", "share_above", "limit_nusd",
    "spent_nusd", "calls", "low", "high",
)  # fmt: skip
"""What is told first: figures come in the order in which PostgreSQL keeps them."""

HIDDEN: Final = frozenset({"budget_id", "live_evaluation_id", "hard", "name", "target", "target_name", "example_execution_id"})
"""Beside what changed: ids that nobody reads, and what the sentence says of a budget."""


def figure_lines(kind: object, *, before: object, after: object, changed: object, is_over: bool) -> list[tuple[str, str | None]]:
    """Name and text of each line. Only what got worse has a before: elsewhere there is what should be, and what is, or was then."""
    names = ("Before", "After") if kind == "degradation" else ("Expected", "Then" if is_over else "Now")
    return [(names[0], figures(before)), (names[1], figures(after)), ("Changed" if kind == "degradation" else "About", changes(changed))]


def figures(values: object) -> str | None:
    """Numbers of an alert in one line: shares as percentages, amounts as credits. What nothing was held back of is not worth a word."""
    if not isinstance(values, Mapping):
        return None
    held = bool(values.get("voices_held_back"))
    counts_all = values.get("samples") == values.get("reactions")
    said = [
        _figure(str(name), value)
        for name, value in sorted(values.items(), key=lambda one: FIRST.index(one[0]) if one[0] in FIRST else len(FIRST))
        if value is not None and (held or name not in ("voices_held_back", "most_of_one_voice")) and not (counts_all and name == "samples")
    ]
    return ", ".join(said) or None


def _figure(name: str, value: object) -> str:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return f"{WORDS.get(name, name.replace('_', ' '))} {_said(value)}"
    if name in RATIOS:
        return f"{RATIOS[name]} {value:.1%}"
    base = name.removesuffix("_nusd").removesuffix("_ms")
    word = WORDS.get(base, base.replace("_", " "))
    if name.endswith("_nusd"):
        return f"{word} {credits_text(round(value))} credits"
    if name == "http_status":
        return f"{word} {value}"
    number = f"{value:,.0f}" if float(value).is_integer() or abs(value) >= 100 else f"{value:.3g}"
    return f"{word} {number}{' ms' if name.endswith('_ms') else ''}"


def changes(values: object) -> str | None:
    """What changed, in one line."""
    if not isinstance(values, Mapping):
        return None
    said = [
        f"{WORDS.get(name, name.replace('_', ' '))} {_change(value)}"
        for name, value in values.items()
        if name not in HIDDEN and value is not None
    ]
    return ", ".join(said) or None


def _change(value: object) -> str:
    if isinstance(value, Mapping) and "from" in value and "to" in value:
        return f"{_said(value['from'])} → {_said(value['to'])}"
    return _said(value)


def _said(value: object) -> str:
    """A moment to the minute, a list by its parts, a thing by its name and version."""
    if isinstance(value, Mapping):
        if "name" not in value:
            return ", ".join(f"{name} {_said(one)}" for name, one in value.items())
        return f"{value['name']} v{value['version']}" if value.get("version") is not None else str(value["name"])
    if isinstance(value, list | tuple):
        return ", ".join(_said(one) for one in value)
    if isinstance(value, str) and len(value) >= len("2026-11-27T15:00Z") and value[4:5] == "-" and "T" in value:
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            return value
        return f"{moment:%Y-%m-%d %H:%M} {moment.tzname() or 'UTC'}"
    return "" if value is None else str(value)
