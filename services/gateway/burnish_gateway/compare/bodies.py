"""What a comparison is asked for with."""

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Annotated, Any, Final

from pydantic import Field, model_validator

from burnish_gateway.execution.order import Order
from burnish_gateway.execution.routes import Id, NewExecution, check_requirements, order_of
from burnish_gateway.model_settings import Overrides
from burnish_gateway.wire import ApiModel
from burnish_gateway.wire import Text as PlainText
from burnish_shared.errors import BurnishError, InvalidField

SIDES_MOST: Final = 8
"""Each is a call of its own that somebody watches; more is a batch."""


class Variant(ApiModel):
    """One side: what differs from the rest of the body. `overrides` go on top of those of the body."""

    prompt: Annotated[PlainText, Field(min_length=1, max_length=63)] | None = None
    label: Annotated[PlainText, Field(min_length=1, max_length=63)] | None = None
    version: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None
    model: Id | None = None
    overrides: Overrides = Field(default_factory=Overrides.model_construct)

    @model_validator(mode="after")
    def _names_one_version(self) -> "Variant":
        if self.label is not None and self.version is not None:
            raise ValueError("give either label or version")
        return self


class NewComparison(NewExecution):
    """An execution, and its sides: `variants`, or `models`, or `versions`, or the last two, each with each."""

    variants: Annotated[list[Variant], Field(min_length=2, max_length=SIDES_MOST)] | None = None
    models: Annotated[list[Id], Field(min_length=1, max_length=SIDES_MOST)] | None = None
    versions: Annotated[list[Annotated[int, Field(ge=1, le=2**31 - 1)]], Field(min_length=1, max_length=SIDES_MOST)] | None = None

    @model_validator(mode="after")
    def _names_one_thing(self) -> "NewComparison":
        """Nothing need stand at the top where every variant names its prompt."""
        if (self.prompt is None) != (self.messages is None):
            return self
        if self.messages is not None or self.variants is None or any(one.prompt is None for one in self.variants):
            raise ValueError("give either prompt or messages, or a prompt with every variant")
        if self.label is not None or self.version is not None:
            raise ValueError("label and version belong to a prompt: give them with the variants")
        if self.prompt_key is not None:
            raise ValueError("prompt_key groups messages that have no prompt")
        return self

    @model_validator(mode="after")
    def _has_sides(self) -> "NewComparison":
        if (self.variants is None) == (self.models is None and self.versions is None):
            raise ValueError("variants: give either variants, or models, or versions, or the last two together")
        if self.mode == "background":
            raise ValueError("mode: a comparison is waited for; for later, ask for a batch")
        if self.client_request_id is not None:
            raise ValueError("client_request_id: names one execution, and each side is one; each has its id in the answer")
        if self.versions is not None and self.messages is not None:
            raise ValueError("versions: belong to a prompt, not to messages")
        if not 2 <= len(list(self.sides())) <= SIDES_MOST:
            raise ValueError(f"variants: a comparison has 2 to {SIDES_MOST} sides")
        return self

    @property
    def sides_at(self) -> str:
        """The field that makes the sides."""
        return "variants" if self.variants is not None else "models" if self.models is not None else "versions"

    def sides(self) -> Iterator[Variant]:
        if self.variants is not None:
            yield from self.variants
            return
        versions: Sequence[int | None] = self.versions or [None]
        models: Sequence[str | None] = self.models or [None]
        for version, model in product(versions, models):
            yield Variant.model_construct(version=version, model=model)


def orders_of(body: NewComparison) -> list[Order]:
    """One order for each side. Raises InvalidField for a side that cannot be."""
    check_requirements(body.requirements, *(side.model or body.model for side in body.sides()))
    orders = []
    for index, side in enumerate(body.sides()):
        try:
            orders.append(order_of(_with(body, side, index=index)))
        except InvalidField as error:
            name_side(error, body, index=index)
            raise
    return orders


def name_side(error: BurnishError, body: NewComparison, *, index: int) -> None:
    """Says of a refusal of one side in which variant, model or version it stands, where that side brought it."""
    place = None if error.param is None else _place(body, index, error.param)
    if place is None:
        return
    error.message = f"{place}: {error.message.removeprefix(f'{error.param}: ')}"
    problems = [{**one, "param": _place(body, index, str(one["param"])) or one["param"]} for one in error.details.get("problems", [])]
    error.param, error.details = place, error.details | ({"problems": problems} if problems else {})


def _place(body: NewComparison, index: int, param: str) -> str | None:
    """None: it stands beside the sides."""
    name, *below = param.split(".")
    if body.variants is not None:
        side = body.variants[index]
        is_own = name in side.model_fields_set and (name != "overrides" or not below or below[0] in side.overrides.model_fields_set)
        return f"variants[{index}].{param}" if is_own else None
    models = len(body.models or [None])
    if name == "version" and body.versions is not None:
        return f"versions[{index // models}]"
    return f"models[{index % models}]" if name == "model" and body.models is not None else None


def _with(body: NewComparison, side: Variant, *, index: int) -> NewExecution:
    if body.messages is not None and (side.prompt or side.label or side.version):
        raise InvalidField(f"variants[{index}]: prompt, label and version belong to a prompt, not to messages.", param=f"variants[{index}]")
    changes: dict[str, Any] = {}
    if side.prompt is not None:
        changes |= {"prompt": side.prompt, "label": side.label, "version": side.version}
    elif side.label is not None or side.version is not None:
        changes |= {"label": side.label, "version": side.version}
    if side.model is not None:
        changes["model"] = side.model
    given = side.overrides.model_dump(exclude_unset=True, exclude_none=True)
    if given:
        changes["overrides"] = body.overrides.model_copy(update=given)
    return body.model_copy(update=changes)
