"""Money is an integer number of nano-dollars (`_nusd`). No float touches it."""

NUSD_PER_USD = 1_000_000_000

NUSD_PER_CREDIT = 10_000_000
"""One credit is one US cent: a unit of display only."""

MAX_AMOUNT_NUSD = 10**15
"""Largest amount accepted anywhere (one million dollars), so that no sum of a batch passes 2^63 (ADMISSION)."""

TOKENS_PER_PRICE_UNIT = 1_000_000
"""Prices are quoted per million tokens."""


def price_of(tokens: int, *, nusd_per_million: int) -> int:
    """What `tokens` cost, rounded up to the next nano-dollar so that rounding never loses money."""
    if tokens < 0 or nusd_per_million < 0:
        raise ValueError(f"tokens ({tokens}) and price ({nusd_per_million}) must not be negative")
    return -(-tokens * nusd_per_million // TOKENS_PER_PRICE_UNIT)


def markup_of(amount_nusd: int, *, percent: int) -> int:
    """What a markup adds to an amount, rounded up to the next nano-dollar."""
    return -(-amount_nusd * percent // 100)


def credits_text(amount_nusd: int) -> str:
    """An amount as credits with four decimals, exactly truncated towards zero: `'12.3456'`."""
    sign, whole = ("-" if amount_nusd < 0 else ""), abs(amount_nusd)
    return f"{sign}{whole // NUSD_PER_CREDIT}.{whole % NUSD_PER_CREDIT * 10_000 // NUSD_PER_CREDIT:04d}"


def credits_needed_text(amount_nusd: int) -> str:
    """An amount that must be there, as credits rounded up: said beside what is there, it is never the lesser or the same."""
    finest_nusd = NUSD_PER_CREDIT // 10_000
    return credits_text(-(-amount_nusd // finest_nusd) * finest_nusd)
