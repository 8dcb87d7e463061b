"""Intervals and tests that decisions hang on. Pure functions over counts and arrays; each is checked against scipy or published figures."""

from burnish_optimizer.stats.looks import ALPHA, MAX_LOOKS, alpha_of_look
from burnish_optimizer.stats.paired import (
    Discordance,
    Interval,
    bootstrap_interval,
    discordance,
    draws_for,
    mcnemar_one_sided,
    newcombe_interval,
    power_of_mcnemar,
    sign_flip_one_sided,
    steadied_interval,
)
from burnish_optimizer.stats.proportion import wilson_interval
from burnish_optimizer.stats.selection import optimism

__all__ = [
    "ALPHA",
    "MAX_LOOKS",
    "Discordance",
    "Interval",
    "alpha_of_look",
    "bootstrap_interval",
    "discordance",
    "draws_for",
    "mcnemar_one_sided",
    "newcombe_interval",
    "optimism",
    "power_of_mcnemar",
    "sign_flip_one_sided",
    "steadied_interval",
    "wilson_interval",
]
