"""Models whose limits and prices are known: data that ships, with its source and the day on which it was looked at (DESIGN 4.8).

Prices change, and nobody promises these: an operator looks at them before money depends on them. What somebody sets always stands.
"""

import json
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from burnish_gateway.models.bodies import NewModel
from burnish_shared.db.model_store import PRICES
from burnish_shared.errors import InvalidField

FILE: Final = Path(__file__).with_name("known_models.json")


@cache
def _read() -> Mapping[str, Any]:
    """The file, once somebody asks: half a megabyte of memory."""
    read: Mapping[str, Any] = json.loads(FILE.read_text())
    return read


def provenance() -> dict[str, str]:
    """`source` and `as_of`, an ISO date."""
    return {"source": _read()["source"], "as_of": _read()["as_of"]}


def known_models(*, provider: str | None = None, words: str = "", after: str = "", now: datetime) -> list[dict[str, Any]]:
    """As the file has them, by name; without those that their provider has ended by now. `after`: a name, of those that come behind it."""
    today = now.astimezone(UTC).date().isoformat()
    return [
        one
        for one in _read()["models"]
        if provider in (None, one["provider"])
        and words.lower() in one["model"].lower()
        and one["model"] > after
        and one.get("sunset_on", "9") > today
    ]


def count_by_provider(*, now: datetime) -> dict[str, int]:
    """How many of each provider are known, by the provider's name."""
    return dict(sorted(Counter(one["provider"] for one in known_models(now=now)).items()))


def find_known(provider: str, *names: str | None) -> Mapping[str, Any] | None:
    """By our name for it, or its provider's."""
    wanted = {name for name in names if name}
    return next((one for one in _read()["models"] if one["provider"] == provider and wanted & {one["model"], one["upstream_model"]}), None)


def facts_of(known: Mapping[str, Any]) -> dict[str, Any]:
    """As fields of a body in JSON; where from stands in the notes."""
    made = {name: known.get(name) for name in ("upstream_model", "context_tokens", "output_tokens", *PRICES)}
    where = f", {known['source']}" if known.get("source") else ""
    sunset = known.get("sunset_on")
    return made | {
        "price_tiers": list(known.get("price_tiers", [])),
        "capabilities": list(known["capabilities"]),
        "sunset_at": None if sunset is None else f"{sunset}T00:00:00Z",
        "notes": f"Limits and prices as of {_read()['as_of']}: {_read()['source']}{where}. Look at them before you depend on them.",
    }


def filled(body: NewModel) -> tuple[NewModel, bool]:
    """The body with what is known of the model where it says nothing, and whether the prices are those that ship.

    Prices are taken together or not at all, and only for the provider's own address: another server has other ones. Raises InvalidField
    where nobody knows its limits.
    """
    known = None if body.base_url else find_known(body.provider, body.upstream_model, body.model)
    changes: dict[str, Any] = {}
    if known is not None:
        facts, said = facts_of(known), body.model_fields_set
        is_priced = body.input_price_nusd_per_million is not None or any(name in said for name in ("price_tiers", *PRICES))
        left = set(facts) - said - ({"price_tiers", "notes", *PRICES} if is_priced else set())
        changes = {name: facts[name] for name in left}
        body = NewModel.model_validate(body.model_dump(mode="json", exclude_unset=True) | changes)
    for name in ("context_tokens", "output_tokens"):
        if getattr(body, name) is None:
            raise InvalidField(f"{name}: is needed; of this model we know nothing (GET /v1/known-models lists what we do).", param=name)
    return body, "input_price_nusd_per_million" in changes
