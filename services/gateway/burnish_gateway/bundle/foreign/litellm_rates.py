"""What a configuration of LiteLLM's proxy allows in a minute, told in the words in which keys take it here. Pure.

There it is said of each deployment (`rpm`, `tpm`), and of virtual keys (`rpm_limit`, `tpm_limit`); here of provider keys and API keys,
whose secrets no file brings along. So nothing is set by it: whoever adds the keys is told the figures.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, Final

from burnish_gateway.bundle.notes import Notes

RATES: Final = {"rpm": "requests_per_minute", "tpm": "tokens_per_minute"}
"""Of a deployment → of a provider key."""

OF_KEYS: Final = {"rpm_limit": "rate_limit_per_minute", "tpm_limit": "token_limit_per_minute"}
"""Of a virtual key → of an API key."""

KEYS_TO_COME: Final = ("default_key_generate_params", "upperbound_key_generate_params")
"""What `litellm_settings` says of keys that are made later."""

MOST: Final = 10**12
NAMED_MOST: Final = 20


@dataclass(slots=True)
class _Allowed:
    names: list[str] = field(default_factory=list)
    sums: dict[str, int] = field(default_factory=dict)
    is_whole: bool = True


@dataclass(slots=True)
class RatesOfKeys:
    """By provider and address, which is what a provider key is for: what all deployments there may be asked together."""

    _found: dict[tuple[str, str], _Allowed] = field(default_factory=dict)

    def add(self, name: str, params: Mapping[str, Any], body: Mapping[str, Any], *, place: str, notes: Notes) -> None:
        """`body`: of the model that the deployment became."""
        at = self._found.setdefault((str(body["provider"]), str(body.get("base_url", ""))), _Allowed())
        said = _whole_numbers(params, RATES, place=place, notes=notes)
        at.is_whole = at.is_whole and len(said) == len(RATES)
        if said:
            at.names.append(name)
        for ours, value in said.items():
            at.sums[ours] = min(MOST, at.sums.get(ours, 0) + value)

    def tell(self, notes: Notes) -> None:
        for (provider, address), one in self._found.items():
            if not one.sums:
                continue
            where = f"{provider} at {address[:200]}" if address else provider
            figures = " and ".join(f"{name} {one.sums[name]}" for name in RATES.values() if name in one.sums)
            named = ", ".join(one.names[:NAMED_MOST]) + (", …" if len(one.names) > NAMED_MOST else "")
            rest = "" if one.is_whole else " Others there have no such limit, or not both."
            notes.tell(
                f"What the file allows {named} in a minute is a limit of the provider's key here: give that of {where} {figures} "
                f"(POST /v1/provider-keys, or PATCH /v1/provider-keys/{{id}}).{rest}"
            )


def tell_limits_of_keys(settings: Mapping[str, Any], notes: Notes) -> None:
    """`settings`: `litellm_settings`."""
    for name in KEYS_TO_COME:
        given = settings.get(name)
        if not isinstance(given, Mapping):
            continue
        said = _whole_numbers(given, OF_KEYS, place=f"litellm_settings.{name}", notes=notes)
        if said:
            figures = " and ".join(f"{ours} {value}" for ours, value in said.items())
            notes.tell(f"litellm_settings.{name}: give each API key {figures} (POST /v1/api-keys), or the workspace, for all together.")
        if left := sorted(str(one) for one in given if one not in OF_KEYS and given[one] is not None):
            notes.lose(f"litellm_settings.{name}: these are not taken: {', '.join(left)[:300]}.")


def names_of_keys(settings: Mapping[str, Any]) -> list[str]:
    """Those of KEYS_TO_COME that `tell_limits_of_keys` speaks of."""
    return [name for name in KEYS_TO_COME if isinstance(settings.get(name), Mapping)]


def _whole_numbers(given: Mapping[str, Any], names: Mapping[str, str], *, place: str, notes: Notes) -> dict[str, int]:
    """By our names. LiteLLM lets them stand in quotes, too; what is no number above zero is named."""
    said: dict[str, int] = {}
    for theirs, ours in names.items():
        value = given.get(theirs)
        if value is None:
            continue
        number = _number(value)
        if number is None:
            notes.lose(f"{place}: {theirs} is no number from 1 to {MOST:,}, and is not told.")
        else:
            said[ours] = number
    return said


def _number(value: Any) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= len(str(MOST)):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value) or not 1 <= value <= MOST:
        return None
    return int(value)
