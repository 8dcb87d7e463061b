"""Intervals that hold at every moment at once: look as often as you like (Howard, Ramdas, McAuliffe, Sekhon, "Time-uniform, nonparametric,
nonasymptotic confidence sequences", Annals of Statistics 49, 2021, arXiv 1810.08240; asymptotic form: Waudby-Smith, Arbour, Sinha, Kennedy,
Ramdas, arXiv 2103.06476). With a difference Δ̂ of N units and variance σ²/N:

    |Δ̂ − Δ| ≤ sqrt(σ² · (N+ρ)/N² · ln((N+ρ)/(ρα²)))   for all N together, with probability 1 − α.

Here in terms of S = weight · Δ̂ and its variance `spread`, so that epochs with other allocations count as what they know.
"""

from math import exp, log, log1p, sqrt

from burnish_shared.experiments.contrast import Contrast


def rho(horizon: float, alpha: float) -> float:
    """The mixture's parameter, in units: the bound is narrowest at `horizon` units (Howard et al., section 3.5, closed approximation)."""
    reach = 2 * log(1 / alpha)
    return horizon / (reach + log(1 + reach))


def boundary(units: float, *, alpha: float, horizon: float) -> float:
    """How many standard errors the interval reaches to either side at so many units of an even split: `half_width` by `Contrast.error`."""
    own = rho(horizon, alpha)
    return sqrt((1 + own / units) * (log1p(units / own) - 2 * log(alpha)))


def half_width(one: Contrast, *, alpha: float, horizon: float) -> float:
    """Of the two-sided interval around `one.value`."""
    held, times = _scale(one, rho(horizon, alpha))
    return sqrt(2 * held * (log(times) - log(alpha))) / one.weight


def p_value(one: Contrast, *, alpha: float, horizon: float) -> float:
    """Always valid: the smallest a whose interval, by the same mixture, leaves out 0. The least of all looks so far is valid too."""
    held, times = _scale(one, rho(horizon, alpha))
    return min(1.0, times * exp(-((one.value * one.weight) ** 2) / (2 * held)))


def lower_bound(one: Contrast, *, alpha: float, horizon: float) -> float:
    """What the difference surely exceeds: one-sided, at every moment at once (Howard et al., section 3.2, one-sided normal mixture)."""
    held, times = _scale(one, rho(horizon, min(0.5, 2 * alpha)))
    return one.value - sqrt(2 * held * log1p(times / (2 * alpha))) / one.weight


def upper_bound(one: Contrast, *, alpha: float, horizon: float) -> float:
    """What the difference surely stays below; as `lower_bound`."""
    return 2 * one.value - lower_bound(one, alpha=alpha, horizon=horizon)


def _scale(one: Contrast, rho_units: float) -> tuple[float, float]:
    """(spread + ρ, sqrt((spread + ρ)/ρ)), with ρ in the spread's own unit."""
    own = rho_units * one.spread_of_one
    held = one.spread + own
    return held, sqrt(held / own)
