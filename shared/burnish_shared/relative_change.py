"""How much something changed beside what it was, as a person would say it. The page says the same (web/src/lib/format.ts). Pure."""

from typing import Final

MANIFOLD: Final = 10
"""From tenfold on a percentage says nothing to anybody."""

BEYOND_TELLING: Final = 1_000
"""From so many fold on the figure tells only that there was nearly nothing before, and how many fold it is hangs on a rounding."""


def relative_change(ratio: float, *, digits: int = 0, unit: str = "%") -> str:
    """`ratio`: of the change to what was there before, above 0; 0.06 is `+6%`, 66 is `×67`. `digits`: of a percentage."""
    times = 1 + ratio
    if times >= BEYOND_TELLING:
        return f"more than ×{BEYOND_TELLING:,}"
    if times >= MANIFOLD:
        return f"×{times:,.0f}"
    if times <= -BEYOND_TELLING:  # the lower end of an interval
        return f"below −{100 * BEYOND_TELLING:,}{unit}"
    return f"{100 * ratio:+.{digits}f}{unit}".replace("-", "−")
