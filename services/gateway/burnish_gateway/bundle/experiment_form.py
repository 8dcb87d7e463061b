"""Experiments in a bundle: what was drafted, and of one that is over its verdict. Nobody starts anything by an import."""

from typing import Annotated, Literal

from pydantic import Field

from burnish_gateway.experiments.bodies import NewExperiment
from burnish_gateway.moments import Moment
from burnish_gateway.wire import ApiModel, Text
from burnish_shared.contracts.experiments import Verdict


class ExperimentForm(ApiModel):
    """Prompt, name and `created_at` together name it. `experiment`: as `POST /v1/experiments` takes it, with the versions that arms were
    frozen to. `verdict`: of one that is over."""

    experiment: NewExperiment
    status: Literal["draft", "running", "paused", "completed"] = "draft"
    created_by: Annotated[Text, Field(max_length=200)] | None = None
    created_at: Moment | None = None
    started_at: Moment | None = None
    completed_at: Moment | None = None
    verdict: Verdict | None = None
