"""Texts of a version for certain models (PRODUCT P6): which of them a model gets. Pure; the patterns are those of model_patterns.py."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from burnish_shared.model_patterns import best_pattern
from burnish_shared.template import PromptTemplate

MAX_VARIANTS: Final = 20


@dataclass(frozen=True, slots=True)
class ModelText:
    """The text for the models that `pattern` names."""

    pattern: str
    template: PromptTemplate


def text_for(model: str, usual: PromptTemplate, variants: Sequence[ModelText]) -> PromptTemplate:
    """The text that a model is asked with; `usual` where no variant is for it."""
    best = best_pattern((one.pattern for one in variants), model)
    return next((one.template for one in variants if one.pattern == best), usual)
