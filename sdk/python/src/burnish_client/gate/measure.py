"""Runs the tests of a gate in Burnish, and says of each whether it is passed, how sure that is, and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from burnish_client.cli.given import BadGiven, find_dataset
from burnish_client.cli.prompt_files import FileFault
from burnish_client.cli.waiting import await_end
from burnish_client.errors import ApiError
from burnish_client.gate.config import Config, Test
from burnish_client.gate.version import Measured, resolve, version_of

if TYPE_CHECKING:
    from burnish_client import Burnish

ENDED: Final = frozenset({"completed", "failed", "cancelled"})
USUAL_THRESHOLD: Final = 0.8
"""Where neither the test nor the version says one, as the server has it."""


@dataclass(frozen=True)
class Check:
    """One condition in words: what was seen, with its interval, and what was asked."""

    name: str
    passed: bool
    words: str


@dataclass(frozen=True)
class Result:
    """`error`: why nothing was measured; then there are no checks, and it is not passed. Shares are from 0 to 1, bounds of 95 %."""

    title: str
    prompt: str
    version: int | None = None
    comes_from: str = ""
    path: Path | None = None
    items: int = 0
    accuracy: float | None = None
    low: float | None = None
    high: float | None = None
    run_id: str | None = None
    base_run_id: str | None = None
    base_version: int | None = None
    difference: dict[str, float] | None = None
    cost_nusd: int = 0
    simulated: bool = False
    checks: tuple[Check, ...] = ()
    broken: tuple[dict[str, Any], ...] = ()
    error: str | None = None
    notes: tuple[str, ...] = field(default_factory=tuple)

    @property
    def passed(self) -> bool:
        return self.error is None and all(one.passed for one in self.checks)


def measure(
    burnish: Burnish,
    config: Config,
    tests: Sequence[Test],
    *,
    asked: str | None = None,
    progress: Callable[[str, Any], None] = lambda title, run: None,
) -> list[Result]:
    """One result for each test, in order. `asked`: measure this label or version in place of the files. Raises NotReached."""
    return [_measured(burnish, config, one, asked, progress) for one in tests]


def _measured(burnish: Burnish, config: Config, test: Test, asked: str | None, progress: Callable[[str, Any], None]) -> Result:
    nothing = Result(test.title, test.prompt)
    try:
        dataset_id = find_dataset(burnish, test.dataset, split=test.split, beside=config.root)
        measured = version_of(burnish, test.prompt, config.folder, asked=asked)
        base_version = None if test.baseline is None else _base_version(burnish, test)
        wanted = dict.fromkeys((measured.version, *([base_version] if base_version else [])))
        runs = {version: _run(burnish, test, dataset_id, version, progress) for version in wanted}
        for version, run in runs.items():
            if run["status"] != "completed":
                why = (run.get("error") or {}).get("message") or run["status"]
                return Result(test.title, test.prompt, version, run_id=run["id"], error=f"version {version} could not be measured: {why}")
        return _judged(burnish, test, measured, runs[measured.version], runs.get(base_version or 0))
    except (ApiError, BadGiven, FileFault, OSError, UnicodeDecodeError) as error:
        return Result(nothing.title, nothing.prompt, error=str(error))


def _base_version(burnish: Burnish, test: Test) -> int | None:
    """None: nothing has that label yet, so there is nothing to be worse than."""
    try:
        return resolve(burnish, test.prompt, str(test.baseline))
    except ApiError as error:
        if error.status == 404:
            return None
        raise


def _run(burnish: Burnish, test: Test, dataset_id: str, version: int, progress: Callable[[str, Any], None]) -> dict[str, Any]:
    body: dict[str, Any] = {
        "prompt": test.prompt,
        "version": version,
        "dataset_id": dataset_id,
        "split": test.split,
        "repeats": test.repeats,
    }
    started = burnish.request("POST", "/v1/test-runs", body | ({"models": [test.model]} if test.model else {}))
    run: dict[str, Any] = await_end(
        lambda: burnish.request("GET", f"/v1/test-runs/{started['id']}"),
        is_over=lambda seen: seen["status"] in ENDED,
        progress=lambda seen: progress(f"{test.title}, version {version}", seen),
    )
    return run


def _judged(burnish: Burnish, test: Test, measured: Measured, run: dict[str, Any], base: dict[str, Any] | None) -> Result:
    metrics = run["metrics"]
    accuracy, low, high, items = (float(metrics["overall_accuracy"]), *_bounds(metrics), int(metrics["items"]))
    checks, notes, difference, broken = [], [], None, ()
    if test.min_accuracy is not None or test.baseline is None:
        least = _threshold(burnish, test, measured.version)
        reached = low if test.sure else accuracy
        needed = f"at least {_percent(least)}" + (" at the lower bound" if test.sure else "")
        words = f"{_percent(accuracy)} of {items} are right ({_percent(low)} to {_percent(high)}); needed: {needed}"
        checks.append(Check("accuracy", reached >= least, words))
    if test.baseline is not None and base is None:
        notes.append(f"{test.prompt} has no {test.baseline} yet, so there is nothing to compare with.")
    elif base is not None and base["id"] == run["id"]:
        notes.append(f"{test.baseline} is version {measured.version} itself, so there is nothing to compare with.")
    elif base is not None:
        compared = burnish.request("GET", f"/v1/test-runs/{run['id']}/compare/{base['id']}")
        difference = compared["difference"]
        broken = tuple(one for one in compared["changed"] if one["change"] == "broken")
        checks.append(_baseline_check(test, compared))
    if metrics.get("too_small"):
        notes.append(f"{items} items are few: take the figures for a hint. From 30 items on they are a measurement.")
    if run["simulated"]:
        notes.append("The model is simulated: this is no figure of a real one.")
    return Result(
        test.title, test.prompt, measured.version, measured.comes_from, measured.path, items, accuracy, low, high, run["id"],
        base["id"] if base else None, base["version"] if base else None, difference,
        int(run.get("cost_nusd") or 0) + int((base or {}).get("cost_nusd") or 0 if base is not run else 0),
        bool(run["simulated"]), tuple(checks), broken, None, tuple(notes),
    )  # fmt: skip


def _baseline_check(test: Test, compared: dict[str, Any]) -> Check:
    """Not surely worse; or, with `max_drop`, surely not worse by more."""
    difference, base = compared["difference"], compared["base"]
    seen = (
        f"{_points(difference['value'])} points against {test.baseline}, version {base['version']} "
        f"({_points(difference['low'])} to {_points(difference['high'])}; {compared['fixed']} fixed, {compared['broken']} broken)"
    )
    if test.max_drop is None:
        return Check("baseline", difference["high"] >= 0, f"{seen}; it must not be surely worse")
    most = f"{100 * test.max_drop:.1f}"
    return Check("baseline", difference["low"] >= -test.max_drop, f"{seen}; the lower bound may be {most} points worse at most")


def _threshold(burnish: Burnish, test: Test, version: int) -> float:
    if test.min_accuracy is not None:
        return test.min_accuracy
    said = burnish.request("GET", f"/v1/prompts/{test.prompt}/versions/{version}").get("quality_threshold")
    return USUAL_THRESHOLD if said is None else float(said)


def _bounds(metrics: dict[str, Any]) -> tuple[float, float]:
    interval = metrics["interval"]
    return float(interval["low"]), float(interval["high"])


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _points(share: float) -> str:
    return f"{100 * share:+.1f}"
