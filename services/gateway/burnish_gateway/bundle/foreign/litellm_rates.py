"""What a configuration of LiteLLM's proxy allows in a minute, told in the words in which keys take it here. Pure.

There it is said of each deployment (`rpm`, `tpm`), and of virtual keys (`rpm_limit`, `tpm_limit`); here of provider keys and API keys,
whose secrets no file brings along. So nothing is set by it: whoever adds the keys is told the figures.
"""

import json
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from math import isfinite
from typing import Any, Final

from burnish_gateway.bundle.notes import Notes

RATES: Final = {"rpm": "requests_per_minute", "tpm": "tokens_per_minute"}
"""Of a deployment → of a provider key."""

OF_KEYS: Final = {"rpm_limit": "rate_limit_per_minute", "tpm_limit": "token_limit_per_minute"}
"""Of a virtual key → of an API key."""

DEFAULT: Final = "default_key_generate_params"
UPPER_BOUND: Final = "upperbound_key_generate_params"
KEYS_TO_COME: Final = (DEFAULT, UPPER_BOUND)
"""What `litellm_settings` says of keys that are made later."""

PLACES: Final = ("litellm_params", "model_info")
"""Where LiteLLM's router looks for the limits of a deployment that do not stand in its entry itself, in this order."""

CREDENTIAL: Final = "litellm_credential_name"
KEYS: Final = ("api_key", CREDENTIAL, "azure_ad_token", "client_secret", "aws_access_key_id", "aws_secret_access_key", "vertex_credentials")
"""Of `litellm_params`: what a deployment is asked with."""

FROM_ENVIRONMENT: Final = "os.environ/"

MOST: Final = 10**12
NAMED_MOST: Final = 20


@dataclass(frozen=True, slots=True)
class _Key:
    """What tells the key of a deployment from others at its address, without the key. `digest`: empty for the one that LiteLLM takes where
    none is said. `words`: of a variable that holds it, or of LiteLLM's name for it."""

    digest: str = ""
    words: str = ""


@dataclass(slots=True)
class RatesOfKeys:
    """By provider, address and key: what all deployments that use one key there may be asked together. Keys are compared, never told."""

    _found: dict[tuple[str, str], dict[_Key, dict[str, dict[str, int]]]] = field(default_factory=dict)

    def add(self, name: str, row: Mapping[str, Any], body: Mapping[str, Any], *, place: str, notes: Notes) -> None:
        """`row`: the deployment's entry in `model_list`. `body`: of the model that it became, which is called `name`."""
        there = self._found.setdefault((str(body["provider"]), str(body.get("base_url", ""))), {})
        there.setdefault(_key_of(row, str(body["provider"])), {})[name] = _whole_numbers(_limits_of(row), RATES, place=place, notes=notes)

    def told(self, refused: Container[str]) -> list[str]:
        """A note for each key. `refused`: the models that the workspace may not have, which count for none."""
        notes: list[str] = []
        for (provider, address), keys in self._found.items():
            where = f"{provider} at {address[:200]}" if address else provider
            served = {key: {name: said for name, said in models.items() if name not in refused} for key, models in keys.items()}
            served = {key: models for key, models in served.items() if models}
            for key, models in served.items():
                which = where if len(served) == 1 else f"{where} {key.words or f'that these use, one of {len(served)} there,'}"
                notes += _note(models, which=which)
        return notes


def _note(models: Mapping[str, Mapping[str, int]], *, which: str) -> list[str]:
    """Of the models that use one key, each with its limits; none where no limit is said."""
    sums = {ours: min(MOST, sum(said.get(ours, 0) for said in models.values())) for ours in RATES.values()}
    if not any(sums.values()):
        return []
    figures = " and ".join(f"{ours} {value}" for ours, value in sums.items() if value)
    names = [name for name, said in models.items() if said]
    named = ", ".join(names[:NAMED_MOST]) + (", …" if len(names) > NAMED_MOST else "")
    is_whole = all(len(said) == len(RATES) for said in models.values())
    rest = "" if is_whole else " Others there have no such limit, or not both."
    return [
        f"What the file allows {named} in a minute is a limit of the provider's key here: give that of {which} {figures} "
        f"(POST /v1/provider-keys, or PATCH /v1/provider-keys/{{id}}).{rest}"
    ]


def _key_of(row: Mapping[str, Any], provider: str) -> _Key:
    params = row.get("litellm_params")
    said = {name: params[name] for name in KEYS if params.get(name) not in (None, "")} if isinstance(params, Mapping) else {}
    if not said or said == {"api_key": f"{FROM_ENVIRONMENT}{provider.upper()}_API_KEY"}:
        return _Key()
    digest = sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()
    held, named = said.get("api_key"), said.get(CREDENTIAL)
    if isinstance(held, str) and held.startswith(FROM_ENVIRONMENT):
        return _Key(digest, f"that is in {held.removeprefix(FROM_ENVIRONMENT)[:100]}")
    return _Key(digest, f"that LiteLLM calls {named[:100]!r}" if isinstance(named, str) else "")


def tell_limits_of_keys(settings: Mapping[str, Any], notes: Notes) -> None:
    """`settings`: `litellm_settings`."""
    for name in KEYS_TO_COME:
        given = settings.get(name)
        if not isinstance(given, Mapping):
            continue
        said = _whole_numbers(given, OF_KEYS, place=f"litellm_settings.{name}", notes=notes)
        if said:
            figures = " and ".join(f"{ours} {value}" for ours, value in said.items())
            each = f"give each API key {figures}"
            if name == UPPER_BOUND:
                each = f"give no API key more than {figures}, and one for which nothing less is said just that"
            notes.tell(f"litellm_settings.{name}: {each} (POST /v1/api-keys).")
        if left := sorted(str(one) for one in given if one not in OF_KEYS and given[one] is not None):
            notes.lose(f"litellm_settings.{name}: these are not taken: {', '.join(left)[:300]}.")


def names_of_keys(settings: Mapping[str, Any]) -> list[str]:
    """Those of KEYS_TO_COME that `tell_limits_of_keys` speaks of."""
    return [name for name in KEYS_TO_COME if isinstance(settings.get(name), Mapping)]


def _limits_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """By LiteLLM's names, each from the first place that says it."""
    places = [row, *(inner for name in PLACES if isinstance(inner := row.get(name), Mapping))]
    return {name: next((one[name] for one in places if one.get(name) is not None), None) for name in RATES}


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
