"""Every figure of every arm of an experiment, one a line: for a spreadsheet, and for reports. Pure."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, Field

from burnish_gateway.experiments.experiment import Experiment, PlannedArm


class FigureLine(BaseModel):
    """One metric of one arm. `difference…`: from the control, empty of the control itself. Empty cells are not known yet."""

    metric: str
    role: str = Field(description="decides | guardrail | told")
    kind: str = Field(description="share | ms | nusd | number")
    arm: str
    control: bool
    gives: str = Field(description="The version, and the model where one was named.")
    calls: int = Field(description="Of the arm, in all.")
    units: int = Field(description="That the metric knows of.")
    observations: int
    value: float | None
    low: float | None
    high: float | None
    difference: float | None
    difference_low: float | None
    difference_high: float | None
    relative: float | None = Field(description="The difference as a part of the control.")
    standing: str = Field(description="Of a guardrail: ok | doubt | harm | no_data | unavailable; of the metric that decides its state.")


def figures_shown(experiment: Experiment, results: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Of what is over what it was decided by, else the newest results."""
    frozen = experiment.verdict.result if experiment.verdict is not None else {}
    return frozen if frozen.get("figures") else results or {}


def figure_lines(experiment: Experiment, results: Mapping[str, Any] | None) -> list[FigureLine]:
    """None before the start: no lines."""
    shown = figures_shown(experiment, results)
    standing = {(_guards(one["metric"]), one["arm"]): one["state"] for one in shown.get("guardrails", ())}
    states = {one["arm"]: one["state"] for one in shown.get("differences", ())}
    calls = {one["arm"]: one.get("calls", 0) for one in shown.get("arms", ())}
    lines = []
    for figure in shown.get("figures", ()):
        moved = {one["arm"]: one for one in figure["differences"]}
        for one in figure["arms"]:
            arm, beside = one["arm"], moved.get(one["arm"], {})
            said = states.get(arm) if figure["role"] == "decides" else standing.get((figure["metric"], arm))
            lines.append(FigureLine(
                metric=figure["metric"], role=figure["role"], kind=figure["kind"], arm=arm, control=arm == experiment.control.arm,
                gives=_gives(experiment.arm(arm)),
                calls=calls.get(arm, 0), units=one["units"], observations=one["observations"], value=one["value"], low=one["low"],
                high=one["high"], difference=beside.get("value"), difference_low=beside.get("low"), difference_high=beside.get("high"),
                relative=beside.get("relative"), standing=said or "",
            ))  # fmt: skip
    return lines


def _gives(arm: PlannedArm | None) -> str:
    if arm is None:
        return ""
    return " ".join(filter(None, (f"v{arm.version}" if arm.version else "", arm.model)))


def _guards(metric: str) -> str:
    """The figure that a guardrail compares: of the 95th percentile the share of answers slower than the limit."""
    return "slow_share" if metric == "latency_p95_ms" else metric
