"""What callers send about schedules."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from burnish_gateway.optimization.bodies import CREDITS_MOST, OptimizationBody
from burnish_gateway.wire import ApiModel, Text

Credits = Annotated[float, Field(gt=0, le=CREDITS_MOST)]


class ScheduleBody(ApiModel):
    """An optimization that begins again and again. Its budget holds for each run, `month_credits` for all of a calendar month."""

    name: Annotated[Text, Field(max_length=200)] = ""
    every: Literal["hourly", "daily", "cron"] = "daily"
    minute: Annotated[int, Field(ge=0, le=59)] = Field(default=0, description="Of hourly and daily ones.")
    hour: Annotated[int, Field(ge=0, le=23)] = Field(default=3, description="Of daily ones, by the clock of the time zone.")
    cron: Annotated[Text, Field(min_length=1, max_length=200)] | None = Field(
        default=None, description="Minute, hour, day of month, month, day of week; not more often than hourly."
    )
    time_zone: Annotated[Text, Field(min_length=1, max_length=100)] = "UTC"
    optimization: OptimizationBody = Field(description="As for `POST /v1/optimizations`; `budget.credits` is needed.")
    month_credits: Credits = Field(description="Never passed: what is left of it is the cap of a run; without any, runs are left out.")
    paused: bool = False

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.every == "cron") != (self.cron is not None):
            raise ValueError("cron: belongs to schedules with every 'cron', and these need it")
        if self.optimization.budget.credits is None:
            raise ValueError("optimization.budget.credits: a schedule needs a cap for each run")
        return self

    def line(self) -> str:
        """As cron has it."""
        return self.cron or (f"{self.minute} * * * *" if self.every == "hourly" else f"{self.minute} {self.hour} * * *")


class ChangeSchedule(ApiModel):
    """What is not given stays. `paused` false: it goes on with the next time; what passed meanwhile is not made up for."""

    name: Annotated[Text, Field(max_length=200)] | None = None
    cron: Annotated[Text, Field(min_length=1, max_length=200)] | None = None
    time_zone: Annotated[Text, Field(min_length=1, max_length=100)] | None = None
    optimization: OptimizationBody | None = Field(default=None, description="Of the same prompt.")
    month_credits: Credits | None = None
    paused: bool | None = None
