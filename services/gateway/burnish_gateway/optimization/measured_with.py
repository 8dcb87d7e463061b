"""With which models a suggestion was measured, and which one calls would meet with it (PRODUCT O6). Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from burnish_gateway.models.bodies import AUTO
from burnish_shared.model_patterns import best_pattern


def unmeasured_model(content: Mapping[str, Any], evidence: Mapping[str, Any], *, base: Mapping[str, Any]) -> str | None:
    """The model that a version with `content` over `base` calls, where that is asked something new which was measured with others only.

    None: what its calls get was measured with it, or is what they get already; or routing chooses their model, as it did before: whoever
    asked for the job had to name a model in its place.
    """
    served: str = content.get("model") or base["model"]
    if served == AUTO:
        return None
    measured = measured_with(content, evidence)
    if not measured or served in measured or evidence.get("chain"):  # a chain's step calls what it was measured with
        return None
    changes = content.keys() - {"messages", "variants"} or _text_for({**base, **content}, served) != _text_for(base, served)
    return served if changes else None


def measured_with(content: Mapping[str, Any], evidence: Mapping[str, Any]) -> list[str]:
    """Models with which a gain was measured."""
    if content.get("model"):  # settings: the model is what was tried
        return [content["model"]]
    own = evidence.get("model") or (evidence.get("models") or {}).get("task")
    return [own, *(one["model"] for one in evidence.get("variants") or () if one.get("outcome") == "improved")] if own else []


def text_in(content: Mapping[str, Any], model: str) -> Sequence[Mapping[str, Any]] | None:
    """The messages that a suggestion has for this model; None: it changes none."""
    variants = {one["model"]: one["messages"] for one in content.get("variants") or ()}
    best = best_pattern(variants, model)
    return content.get("messages") if best is None else variants[best]


def _text_for(fields: Mapping[str, Any], model: str) -> Sequence[Mapping[str, Any]]:
    return text_in(fields, model) or ()
