"""The operator's own provider keys, from the environment of the executor, the only process that calls providers (PROMISES E-13)."""

import os

from burnish_shared.providers import KEY_PREFIX, KEY_VARIABLES


def platform_key(provider: str) -> str | None:
    """The operator's key for this provider. It is sent to the provider's own address only, never to one that a tenant gave."""
    return os.environ.get(KEY_VARIABLES.get(provider, "")) or os.environ.get(f"{KEY_PREFIX}{provider.upper().replace('-', '_')}") or None


def providers_with_platform_keys() -> list[str]:
    """Names of the providers that have one, with _ for -."""
    named = {provider for provider, variable in KEY_VARIABLES.items() if os.environ.get(variable)}
    named |= {name.removeprefix(KEY_PREFIX).lower() for name, key in os.environ.items() if name.startswith(KEY_PREFIX) and key}
    return sorted(named)
