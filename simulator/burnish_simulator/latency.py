"""Simulated latency: a pure function of lengths, as of a mid-sized hosted model. Only waited when asked for."""

from dataclasses import dataclass

FIRST_TOKEN_S = 0.12
PER_PROMPT_TOKEN_S = 0.00002
PER_OUTPUT_TOKEN_S = 0.012
"""Round numbers of hosted models of 2026 (80 tokens a second); nothing is measured against them."""


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds until the first token, and from one token to the next."""

    first_token_s: float
    per_token_s: float

    def total_s(self, output_tokens: int) -> float:
        """Until the last token."""
        return self.first_token_s + self.per_token_s * output_tokens


def latency(prompt_tokens: int, *, ratio: float) -> Latency:
    """The latency for a prompt of this length; `ratio` 0 is none, 1 is all of it."""
    return Latency(ratio * (FIRST_TOKEN_S + PER_PROMPT_TOKEN_S * prompt_tokens), ratio * PER_OUTPUT_TOKEN_S)


def read_ratio(header: str | None, *, default: float) -> float:
    """The ratio that a header `x-simulated-latency: on | off | 0.25` asks for. Raises ValueError for anything else."""
    match header:
        case None:
            return default
        case "on":
            return 1.0
        case "off":
            return 0.0
    ratio = float(header)
    if not 0 <= ratio <= 100:
        raise ValueError(f"{header} is not between 0 and 100")
    return ratio
