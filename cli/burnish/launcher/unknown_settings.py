"""Variables of the environment that look like settings of Burnish and change nothing: mostly a name that was mistyped."""

from collections.abc import Collection
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Final

PREFIX: Final = "BURNISH_"

BESIDES: Final = frozenset({
    "BURNISH_HOME", "BURNISH_POSTGRES_PROGRAMS", "BURNISH_POSTGRES_SETTINGS", "BURNISH_SIMULATOR_URL", "BURNISH_AUDIT_PATIENCE_S",
    "BURNISH_API_KEY", "BURNISH_BASE_URL", "BURNISH_KEY", "BURNISH_URL", "BURNISH_PROFILE", "BURNISH_PROMPTS", "BURNISH_ENV_FILE",
    "BURNISH_CONFIG_DIR", "BURNISH_CACHE_DIR", "BURNISH_WEBHOOK_SECRET", "BURNISH_WEBHOOK_PUBLIC_KEY", "BURNISH_SKIPPED",
})  # fmt: skip
"""Of the launcher, of the clients, and of those who work on Burnish."""

NOT_TAKEN: Final = {
    "BURNISH_HOST": "`burnish up` listens on 127.0.0.1 alone; put what ends TLS before it, or run the services by themselves",
    "BURNISH_METRICS_PORT": "`burnish up` chooses one for each process; `burnish status` shows them",
}
"""Settings of a service that runs by itself, which the launcher decides."""

FAMILIES: Final = (
    "BURNISH_PG_PASSWORD_", "BURNISH_NATS_PASSWORD_", "BURNISH_PROVIDER_KEY_",
    "BURNISH_TEST_", "BURNISH_CHAOS_", "BURNISH_FAULT_", "BURNISH_FUZZ_", "BURNISH_SOAK_", "BURNISH_PAGE_",
)  # fmt: skip


@cache
def known_settings() -> frozenset[str]:
    """Every setting of a service, from the list that `make snapshots` writes."""
    return frozenset(files("burnish.launcher").joinpath("settings.txt").read_text().split())


def unknown_settings(environment: Collection[str]) -> list[str]:
    """A sentence about each name in it that begins with BURNISH_ and that nobody here goes by. Values are not looked at."""
    known = known_settings() | BESIDES
    strange = sorted(one for one in environment if one.startswith(PREFIX) and one not in known and not one.startswith(FAMILIES))
    refused = [f"{one} changes nothing here: {why}" for one, why in NOT_TAKEN.items() if one in environment]
    ends = [one.removeprefix(PREFIX) for one in known if one.startswith(PREFIX)]
    return refused + [_told(one, get_close_matches(one.removeprefix(PREFIX), ends, n=1, cutoff=0.75)) for one in strange]


def _told(name: str, close: list[str]) -> str:
    return f"{name} is no setting of Burnish and changes nothing" + (f"; is {PREFIX}{close[0]} meant?" if close else "")
