"""Whose key a model is called with, and on what terms. Pure."""

from dataclasses import dataclass

from burnish_shared.contracts.executions import Route
from burnish_shared.db.model_store import ModelFacts
from burnish_shared.errors import NoProviderKey


@dataclass(frozen=True, slots=True)
class KeysAtHand:
    """Keys for one address of one provider: the workspace's own, and whether the operator has any for the provider.

    `own_elsewhere`: keys of the workspace for other addresses of the same provider.
    """

    own_active: int
    own_set_aside: int
    platform: bool
    own_elsewhere: int = 0


@dataclass(frozen=True, slots=True)
class PlatformTerms:
    """May the workspace use the operator's keys (its plan and itself both say so), and at what markup?"""

    allowed: bool
    markup_percent: int


def with_keys(route: Route, facts: ModelFacts, *, keys: KeysAtHand, terms: PlatformTerms) -> Route:
    """The route with whose keys are tried: own ones first, then the operator's, and none only where none is needed.

    The operator's keys go to the provider's own address alone. Raises NoProviderKey, which says what to do.
    """
    may_use_platform = keys.platform and terms.allowed and not facts.own_base_url
    markup_percent = terms.markup_percent if may_use_platform else 0
    if keys.own_active:
        return route.model_copy(update={"keys": "own", "platform_fallback": may_use_platform, "markup_percent": markup_percent})
    if may_use_platform:
        return route.model_copy(update={"keys": "platform", "platform_fallback": False, "markup_percent": markup_percent})
    if keys.own_set_aside:
        raise NoProviderKey(
            f"The provider {facts.provider!r} refused every key of this workspace; replace or restore one with PATCH /v1/provider-keys.",
            param="model",
        )
    if facts.needs_key:
        raise NoProviderKey(_what_to_do(facts, keys), param="model")
    return route.model_copy(update={"keys": "none", "platform_fallback": False, "markup_percent": 0})


def _what_to_do(facts: ModelFacts, keys: KeysAtHand) -> str:
    add = f"add one with POST /v1/provider-keys (provider {facts.provider!r})"
    if keys.own_elsewhere:
        return (
            f"The keys of this workspace for the provider {facts.provider!r} go to another address than the model {facts.model!r}: "
            f"a key is sent to its own base_url alone. Give both the same base_url, or {add}."
        )
    if keys.platform:
        return f"This workspace or its plan does not use the operator's key for {facts.provider!r}; {add}, or have an admin allow it."
    return f"There is no key for the provider {facts.provider!r} of the model {facts.model!r}; {add}, or ask the operator for one."
