"""Chance that depends on nothing but what is hashed: no clock, no process state, no PYTHONHASHSEED."""

import hashlib
import math


def unit(*parts: object) -> float:
    """A number strictly between 0 and 1, uniform over different `parts` and the same for the same ones."""
    digest = hashlib.blake2b("\x1f".join(map(str, parts)).encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return ((int.from_bytes(digest, "big") >> 12) + 0.5) / 2**52


def gumbel(*parts: object) -> float:
    """Standard Gumbel noise: the label with the largest `score + gumbel` is a draw from softmax(score)."""
    return -math.log(-math.log(unit(*parts)))
