"""What callers say of a model (PRODUCT E5)."""

from typing import Annotated, Any, Final, Self

from fastapi import Path
from pydantic import AfterValidator, Field, model_validator

from burnish_gateway.moments import Moment
from burnish_gateway.wire import ApiModel, Name, Text
from burnish_shared.contracts.executions import PriceTier
from burnish_shared.money import MAX_AMOUNT_NUSD
from burnish_shared.providers import is_no_name_of_litellms, is_signed_in_at_a_browser

MODEL_NAME: Final = r"^[A-Za-z0-9][A-Za-z0-9._:/@-]*$"

AUTO: Final = "auto"
"""What chooses a model; no model can have this name."""

ModelPath = Annotated[str, Path(max_length=200)]
PriceField = Annotated[int, Field(ge=0, le=MAX_AMOUNT_NUSD, description="Nano-dollars per million tokens")]
Score = Annotated[float, Field(ge=0, le=1)]
Source = Annotated[Text, Field(max_length=300, description="Where the score is from: a page, a test run, `measured`.")]
Word = Annotated[Text, Field(min_length=1, max_length=60)]
ModelName = Annotated[Text, Field(min_length=1, max_length=200, pattern=MODEL_NAME)]


def _one_of_litellms(name: str) -> str:
    if is_no_name_of_litellms(name):
        raise ValueError("must go on after 'litellm-' with LiteLLM's own name of the provider: small letters, digits and _")
    if is_signed_in_at_a_browser(name):
        raise ValueError(f"{name} takes no key, but somebody who signs in at a browser; name a provider that takes one")
    return name


ProviderName = Annotated[Text, Field(min_length=1, max_length=60, pattern=r"^[a-z][a-z0-9_-]*$"), AfterValidator(_one_of_litellms)]
Tokens = Annotated[int, Field(gt=0, le=10_000_000)]


def named(model: str) -> str:
    """A name of a path as it may be looked for: no column holds U+0000."""
    return model.replace("\x00", "\ufffd")


def is_keyword(model: str) -> bool:
    """Whether a caller who names it would not get a model of that name."""
    return model == AUTO or model.startswith("burnish::")


def keyword_refused(model: str, *, field: str) -> str:
    return f"{field}: {model!r} is what chooses a model or names a prompt; take another name"


def is_toy_name(model: str, *, provider: str) -> bool:
    """Whether a model that is none of ours would bear the name of one: answers of `simulated/…` say that they are simulated."""
    return model.startswith("simulated/") and provider != "simulated"


def toy_name_refused(model: str, *, field: str) -> str:
    return f"{field}: {model!r} is a name of simulated models, whose answers nobody takes for real; take another name"


class TierBody(ApiModel):
    """Prices for all tokens of a call that has more input than `above_input_tokens`, or was served in `service_tier`, or both."""

    above_input_tokens: Annotated[int, Field(ge=0, le=10_000_000)] = 0
    service_tier: Annotated[
        Text, Field(min_length=1, max_length=40, description="As the provider names it in its answers: `batch`, `flex`, `priority`.")
    ] | None = None  # fmt: skip
    input_price_nusd_per_million: PriceField
    cached_input_price_nusd_per_million: PriceField | None = None
    cache_write_input_price_nusd_per_million: PriceField | None = None
    output_price_nusd_per_million: PriceField
    reasoning_price_nusd_per_million: PriceField | None = None

    @model_validator(mode="after")
    def _differs(self) -> Self:
        if not self.above_input_tokens and self.service_tier is None:
            raise ValueError("a tier needs above_input_tokens, service_tier, or both")
        return self

    def stored(self) -> dict[str, Any]:
        """As `PriceTier` has it; cached input without a price of its own costs what input does."""
        said = {name.replace("_price", ""): value for name, value in self.model_dump(exclude_none=True).items()}
        said.setdefault("cached_input_nusd_per_million", said["input_nusd_per_million"])
        return PriceTier(**said).model_dump(exclude_none=True)


Tiers = Annotated[list[TierBody], Field(max_length=12)]


class _About(ApiModel):
    """What both a new model and a change may say."""

    @model_validator(mode="after")
    def _both_prices(self) -> Self:
        """Of a model without a price nothing can be charged; one with half a price would be charged wrongly."""
        names = ("input_price_nusd_per_million", "output_price_nusd_per_million")
        given = [
            getattr(self, name) is not None for name in names if name in self.model_fields_set or isinstance(self, NewModel | PlatformModel)
        ]
        if any(given) and not all(given):
            raise ValueError("give input_price_nusd_per_million and output_price_nusd_per_million together, or neither")
        return self


class NewModel(_About):
    """A model that this workspace may call. The address is checked by the egress guard, here and whenever it is called.

    What is left out of prices, limits and capabilities of a known model (`GET /v1/known-models`) at its provider's own address is what we
    know of it. Another one without prices is listed and cannot be used: paid use fails closed until they are set.
    """

    model: ModelName
    provider: ProviderName
    upstream_model: Annotated[Text, Field(min_length=1, max_length=200)] | None = None
    base_url: Annotated[
        Text, Field(max_length=500, description="Of an OpenAI-compatible server, such as http://host:8000/v1; empty: the provider's own")
    ] = ""
    display_name: Name | None = None
    context_tokens: Tokens | None = Field(default=None, description="Needed where the model is not known to us.")
    output_tokens: Annotated[int, Field(gt=0, le=1_000_000)] | None = Field(default=None, description="The same.")
    input_price_nusd_per_million: PriceField | None = None
    cached_input_price_nusd_per_million: PriceField | None = None
    cache_write_input_price_nusd_per_million: PriceField | None = None
    output_price_nusd_per_million: PriceField | None = None
    reasoning_price_nusd_per_million: PriceField | None = None
    price_tiers: Tiers = Field(default_factory=list)
    capabilities: Annotated[list[Annotated[Text, Field(max_length=40)]], Field(max_length=30)] = Field(default_factory=list)
    preferred_for: Annotated[list[Word], Field(max_length=30, description="Use cases for which it goes before cheaper ones.")] = Field(
        default_factory=list
    )
    priority: Annotated[int, Field(ge=0, le=1000, description="Of equally dear models the lower goes first.")] = 100
    quality_score: Score | None = None
    quality_source: Source = ""
    reliability_score: Score | None = None
    reliability_source: Source = ""
    latency_ms: Annotated[int, Field(ge=1, le=3_600_000, description="What half of the calls take at most.")] | None = None
    latency_source: Source = ""
    fallback_model: ModelName | None = Field(default=None, description="Asked when this one fails and neither call nor version names one.")
    successor: ModelName | None = None
    deprecated_at: Moment | None = None
    sunset_at: Moment | None = Field(default=None, description="From then on the provider does not offer it; alerts say so before.")
    last_tested_at: Moment | None = None
    notes: Annotated[Text, Field(max_length=2000)] = ""

    @model_validator(mode="after")
    def _is_no_keyword(self) -> Self:
        if is_keyword(self.model):
            raise ValueError(keyword_refused(self.model, field="model"))
        if is_toy_name(self.model, provider=self.provider):
            raise ValueError(toy_name_refused(self.model, field="model"))
        return self


class PlatformModel(_About):
    """A model that every workspace may call at its provider's own address. The whole of it: what is left out is empty from then on, but
    when it was last tested: what is shown of that counts one workspace's test runs too, so who sends back what they read would write them
    down for everybody."""

    provider: ProviderName
    upstream_model: Annotated[Text, Field(min_length=1, max_length=200)] | None = None
    display_name: Name | None = None
    context_tokens: Tokens
    output_tokens: Annotated[int, Field(gt=0, le=1_000_000)]
    input_price_nusd_per_million: PriceField | None = None
    cached_input_price_nusd_per_million: PriceField | None = None
    cache_write_input_price_nusd_per_million: PriceField | None = None
    output_price_nusd_per_million: PriceField | None = None
    reasoning_price_nusd_per_million: PriceField | None = None
    price_tiers: Tiers = Field(default_factory=list)
    capabilities: Annotated[list[Annotated[Text, Field(max_length=40)]], Field(max_length=30)] = Field(default_factory=list)
    preferred_for: Annotated[list[Word], Field(max_length=30)] = Field(default_factory=list)
    priority: Annotated[int, Field(ge=0, le=1000)] = 100
    quality_score: Score | None = None
    quality_source: Source = ""
    reliability_score: Score | None = None
    reliability_source: Source = ""
    latency_ms: Annotated[int, Field(ge=1, le=3_600_000)] | None = None
    latency_source: Source = ""
    fallback_model: ModelName | None = None
    successor: ModelName | None = None
    deprecated_at: Moment | None = None
    sunset_at: Moment | None = None
    last_tested_at: Moment | None = Field(default=None, description="Left out: it stays as it was said.")
    active: bool = Field(default=True, description="`false`: retired; workspaces are told its successor.")
    notes: Annotated[Text, Field(max_length=2000)] = ""


class ModelChange(_About):
    """What is left out stays; a null takes away what can be absent."""

    upstream_model: Annotated[Text, Field(min_length=1, max_length=200)] | None = None
    base_url: Annotated[Text, Field(max_length=500)] | None = None
    display_name: Name | None = None
    context_tokens: Tokens | None = None
    output_tokens: Annotated[int, Field(gt=0, le=1_000_000)] | None = None
    input_price_nusd_per_million: PriceField | None = None
    cached_input_price_nusd_per_million: PriceField | None = None
    cache_write_input_price_nusd_per_million: PriceField | None = None
    output_price_nusd_per_million: PriceField | None = None
    reasoning_price_nusd_per_million: PriceField | None = None
    price_tiers: Tiers | None = None
    capabilities: Annotated[list[Annotated[Text, Field(max_length=40)]], Field(max_length=30)] | None = None
    preferred_for: Annotated[list[Word], Field(max_length=30)] | None = None
    priority: Annotated[int, Field(ge=0, le=1000)] | None = None
    quality_score: Score | None = None
    quality_source: Source | None = None
    reliability_score: Score | None = None
    reliability_source: Source | None = None
    latency_ms: Annotated[int, Field(ge=1, le=3_600_000)] | None = None
    latency_source: Source | None = None
    fallback_model: ModelName | None = None
    successor: ModelName | None = None
    deprecated_at: Moment | None = None
    sunset_at: Moment | None = None
    last_tested_at: Moment | None = None
    notes: Annotated[Text, Field(max_length=2000)] | None = None


class OfferKnown(ApiModel):
    """Known models to offer to every workspace: those of a provider, or of them the ones that are named."""

    provider: ProviderName
    models: Annotated[list[ModelName], Field(min_length=1, max_length=500)] | None = None


class RetireModel(ApiModel):
    """The end of a model. Without `sunset_at` it cannot be called any more; with one it is deprecated and can be called meanwhile."""

    successor: ModelName | None = Field(default=None, description="The test runs of prompts that use the model are run again with it.")
    sunset_at: Moment | None = Field(default=None, description="When its provider ends it; alerts say so 30 and 7 days before.")
    rerun: bool = Field(default=True, description="Run the newest test runs again with the successor.")


def stored(said: dict[str, Any], body: NewModel | PlatformModel | ModelChange) -> dict[str, Any]:
    """`said` with tiers as they are stored."""
    return said | {"price_tiers": [one.stored() for one in body.price_tiers or []]} if "price_tiers" in said else said
