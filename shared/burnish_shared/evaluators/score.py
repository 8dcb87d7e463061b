"""What an expression or code said, as a score. Pure."""

from typing import Final

from burnish_shared.evaluators.verdict import PASSES_FROM, REASON_MOST, NoScore, Score, Verdict
from burnish_shared.sandbox.outcome import Plain
from burnish_shared.storable_text import storable

SCORES: Final = "true, false, a score from 0 to 1, or {score, reason}"


def scored(value: Plain) -> Verdict:
    """Anything but true, false, 0 to 1 or `{score, reason}` is no score. `why` is another name of `reason`."""
    reason = ""
    if isinstance(value, dict):
        reason = storable(str(value.get("reason") or value.get("why") or ""))[:REASON_MOST]
        value = value.get("score")
    if isinstance(value, bool):
        return Score(1.0 if value else 0.0, value, reason or ("holds" if value else "does not hold"))
    if isinstance(value, int | float) and 0 <= value <= 1:
        return Score(float(value), value >= PASSES_FROM, reason or f"scored {float(value):.2f}")
    if value is None:
        return NoScore("failed", f"there is no result; its last expression must be {SCORES}, so call a function that you define")
    return NoScore("failed", f"the result must be {SCORES}")
