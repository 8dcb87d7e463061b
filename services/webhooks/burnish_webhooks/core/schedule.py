"""When the next attempt is due."""

SLOTS_S = (0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Delay before each of the 10 attempts, together 75.6 h (PROMISES 5.1, after the table of the Standard Webhooks specification)."""

JITTER_RATIO = 0.2
"""Each delay is stretched or shortened by up to this much, so that a receiver that comes back is not met by everything at once."""

RETRY_AFTER_MAX_S = 86_400.0
"""The longest wait that a receiver can ask for."""


def next_delay_s(failed_attempts: int, *, roll: float, factor: float = 1.0, retry_after_s: float | None = None) -> float | None:
    """Seconds until the next attempt after `failed_attempts` failures, or None when no slot is left.

    `roll` is in [0, 1). `factor` scales the slots (1 in production, small in tests and demos). What the receiver asked for by
    `Retry-After` is waited for in full, up to RETRY_AFTER_MAX_S, and uses up the slot like any other wait.
    """
    if failed_attempts >= len(SLOTS_S):
        return None
    delay_s = SLOTS_S[failed_attempts] * factor * (1 - JITTER_RATIO + 2 * JITTER_RATIO * roll)
    if retry_after_s is None:
        return delay_s
    return max(delay_s, min(retry_after_s, RETRY_AFTER_MAX_S))
