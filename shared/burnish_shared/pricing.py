"""What tokens cost, and what they can cost at most: the one place where a price meets a count. Pure; whole nano-dollars.

Executor (also for what was interrupted), gateway and optimizer count by it, so a streamed and a buffered answer of the same usage cost the
same, and no call costs more than its hold while its input and output stay within what was held for.
"""

from collections.abc import Sequence
from typing import Final

from burnish_shared.contracts.executions import CostSplit, Price, PriceTier, Rates, Usage
from burnish_shared.money import TOKENS_PER_PRICE_UNIT, markup_of, price_of

SAFETY_PERCENT: Final = 5
"""Input is counted by length; 5% more is held."""

BASE_TIERS: Final = frozenset({"default", "standard", "auto", ""})
"""What providers call the class of service whose prices are the base ones."""


HOUR_WRITES: Final = 2
"""What is written to Anthropic's cache for an hour costs twice the input (docs.claude.com/en/docs/build-with-claude/prompt-caching); what
is written for five minutes has a rate of its own in a price."""


def rates_of(price: Price, *, input_tokens: int, service_tier: str | None = None) -> Rates:
    """The rates of a call: of the narrowest tier that fits, else the base. A tier of the class comes before one for whichever."""
    served = None if service_tier in BASE_TIERS else service_tier
    fitting = [one for one in price.tiers if one.service_tier in (None, served) and input_tokens > one.above_input_tokens]
    fitting = [one for one in fitting if one.service_tier is not None or one.above_input_tokens > 0]
    return max(fitting, key=_narrowness) if fitting else price


def _narrowness(tier: PriceTier) -> tuple[bool, int]:
    return tier.service_tier is not None, tier.above_input_tokens


def cost_split(usage: Usage, price: Price, *, markup_percent: int = 0, hour_write_tokens: int = 0) -> CostSplit:
    """The cost by class of token. `hour_write_tokens`: of what was written to a cache, what is kept for an hour.

    The whole is rounded up once, to the next nano-dollar; a part is what it adds to those before it. So the sum never depends on how tokens
    were split, and rounding never loses money.
    """
    rates = rates_of(price, input_tokens=usage.input_tokens, service_tier=usage.service_tier)
    cached = min(usage.cached_input_tokens, usage.input_tokens)
    written = min(usage.cache_write_input_tokens, usage.input_tokens - cached)
    for_hour = min(hour_write_tokens, written)
    thought = min(usage.reasoning_tokens, usage.output_tokens)
    parts = _rounded(
        [
            (usage.input_tokens - cached - written) * rates.input_nusd_per_million,
            cached * rates.cached_input_nusd_per_million,
            (written - for_hour) * _write_rate(rates) + for_hour * _hour_rate(rates),
            (usage.output_tokens - thought) * rates.output_nusd_per_million,
            thought * _reasoning_rate(rates),
        ]
    )
    return CostSplit(
        input_nusd=parts[0], cached_input_nusd=parts[1], cache_write_input_nusd=parts[2], output_nusd=parts[3], reasoning_nusd=parts[4],
        markup_nusd=markup_of(sum(parts), percent=markup_percent),
    )  # fmt: skip


def sum_of(split: CostSplit) -> int:
    """The whole cost, with the markup."""
    return plain_sum_of(split) + split.markup_nusd


def plain_sum_of(split: CostSplit) -> int:
    """The cost without the markup."""
    return split.input_nusd + split.cached_input_nusd + split.cache_write_input_nusd + split.output_nusd + split.reasoning_nusd


def within(split: CostSplit, most_nusd: int) -> CostSplit:
    """The parts of what is charged where no more than `most_nusd` may be: what is beyond is taken off the markup first, then the output,
    then the input. The same parts where they cost no more.
    """
    beyond = sum_of(split) - most_nusd
    if beyond <= 0:
        return split
    left: dict[str, int] = {}
    for name in reversed(CostSplit.model_fields):
        part = getattr(split, name)
        left[name] = part - min(part, beyond)
        beyond -= part - left[name]
    return CostSplit(**left)


def plain_cost_nusd(usage: Usage, price: Price) -> int:
    """What the tokens cost without any markup."""
    return plain_sum_of(cost_split(usage, price))


def held_tokens(input_tokens: int) -> int:
    """Input with the safety that is held for it."""
    return -(-input_tokens * (100 + SAFETY_PERCENT) // 100)


def most_nusd(price: Price, *, input_tokens: int, output_tokens: int, markup_percent: int = 0, hour_writes: bool = False) -> int:
    """What a call can cost at most: its input with the safety, its whole output, each at the dearest rate that it can come to.

    `hour_writes`: it asks a provider to keep some of its input for an hour.
    """
    read_tokens = held_tokens(input_tokens)
    within = [price, *(one for one in price.tiers if read_tokens > one.above_input_tokens)]
    dearest_input = max(max(one.input_nusd_per_million, one.cached_input_nusd_per_million, _write_rate(one)) for one in within)
    if hour_writes:
        dearest_input = max(dearest_input, *(_hour_rate(one) for one in within))
    dearest_output = max(max(one.output_nusd_per_million, _reasoning_rate(one)) for one in within)
    plain = price_of(read_tokens, nusd_per_million=dearest_input) + price_of(output_tokens, nusd_per_million=dearest_output)
    return plain + markup_of(plain, percent=markup_percent)


def with_markup(price: Price, *, percent: int) -> Price:
    """The price as a workspace pays it, for forecasts: every rate with the markup on top."""
    return price.model_copy(
        update=_marked_up(price, percent) | {"tiers": [one.model_copy(update=_marked_up(one, percent)) for one in price.tiers]}
    )


def _marked_up(rates: Rates, percent: int) -> dict[str, int]:
    names = Rates.model_fields
    return {name: value + markup_of(value, percent=percent) for name in names if (value := getattr(rates, name)) is not None}


def _write_rate(rates: Rates) -> int:
    written = rates.cache_write_input_nusd_per_million
    return rates.input_nusd_per_million if written is None else written


def _hour_rate(rates: Rates) -> int:
    return max(HOUR_WRITES * rates.input_nusd_per_million, _write_rate(rates))


def _reasoning_rate(rates: Rates) -> int:
    thought = rates.reasoning_nusd_per_million
    return rates.output_nusd_per_million if thought is None else thought


def _rounded(products: Sequence[int]) -> list[int]:
    """Tokens times rate, each → nano-dollars whose sum is the sum of the products, rounded up."""
    parts, exact, told = [], 0, 0
    for one in products:
        exact += one
        upto = -(-exact // TOKENS_PER_PRICE_UNIT)
        parts.append(upto - told)
        told = upto
    return parts
