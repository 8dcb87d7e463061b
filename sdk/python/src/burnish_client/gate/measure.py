"""Runs the tests of a gate in Burnish, and says of each whether it is passed, how sure that is, and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from burnish_client.cli.given import BadGiven, find_dataset
from burnish_client.cli.prompt_files import FileFault
from burnish_client.cli.waiting import await_end
from burnish_client.errors import ApiError
from burnish_client.gate.config import Config, Test
from burnish_client.gate.scores import against, as_the_gate_says, ids_of, in_words, scores_of
from burnish_client.gate.version import Measured, resolve, version_of, version_of_chain

if TYPE_CHECKING:
    from burnish_client import Burnish

ENDED: Final = frozenset({"completed", "failed", "cancelled"})
FEW_ITEMS: Final = 30
"""The figures of fewer are a hint."""

SAY_A_SCORE: Final = "say the mean score that an evaluator must reach, such as `evaluators: {polite: 0.8}`"
USUAL_THRESHOLD: Final = 0.8
"""Where neither the test nor the version says one, as the server has it. A chain says none."""


@dataclass(frozen=True)
class Check:
    """One condition in words: what was seen, with its interval, and what was asked."""

    name: str
    passed: bool
    words: str


@dataclass(frozen=True)
class Result:
    """`error`: why nothing was measured; then there are no checks, and it is not passed. Shares are from 0 to 1, bounds of 95 %.

    `accuracy` and `difference` None: no case has a right answer. `scores`: by evaluator, as the test names it: `mean_score`, `scored`,
    `answers`. `chain`: what was measured in place of a prompt.
    """

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
    scores: dict[str, dict[str, Any]] = field(default_factory=dict)
    chain: str = ""

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
    nothing = Result(test.title, test.prompt, chain=test.chain)
    try:
        test = as_the_gate_says(burnish, test)
        ids = ids_of(burnish, test)
        dataset_id = find_dataset(burnish, test.dataset, split=test.split, beside=config.root, keep_blank=bool(ids))
        if test.chain:
            measured = version_of_chain(burnish, test.chain, asked=asked)
        else:
            measured = version_of(burnish, test.prompt, config.folder, asked=asked)
        base_version = None if test.baseline is None else _base_version(burnish, test)
        wanted = dict.fromkeys((measured.version, *([base_version] if base_version else [])))
        runs = {version: _run(burnish, test, dataset_id, version, ids, progress) for version in wanted}
        for version, run in runs.items():
            if run["status"] != "completed":
                why = (run.get("error") or {}).get("message") or run["status"]
                return replace(nothing, version=version, run_id=run["id"], error=f"version {version} could not be measured: {why}")
        return _judged(burnish, test, measured, runs[measured.version], runs.get(base_version or 0), ids)
    except (ApiError, BadGiven, FileFault, OSError, UnicodeDecodeError) as error:
        return replace(nothing, error=str(error))


def _base_version(burnish: Burnish, test: Test) -> int | None:
    """None: nothing has that label yet, so there is nothing to be worse than."""
    try:
        return resolve(burnish, test.chain or test.prompt, str(test.baseline), kind="chains" if test.chain else "prompts")
    except ApiError as error:
        if error.status == 404:
            return None
        raise


def _run(
    burnish: Burnish, test: Test, dataset_id: str, version: int, ids: Mapping[str, str], progress: Callable[[str, Any], None]
) -> dict[str, Any]:
    body: dict[str, Any] = {
        **({"chain": test.chain} if test.chain else {"prompt": test.prompt}),
        "version": version,
        "dataset_id": dataset_id,
        "split": test.split,
        "repeats": test.repeats,
    }
    body |= ({"models": [test.model]} if test.model else {}) | ({"evaluators": list(ids.values())} if ids else {})
    started = burnish.request("POST", "/v1/test-runs", body)
    run: dict[str, Any] = await_end(
        lambda: burnish.request("GET", f"/v1/test-runs/{started['id']}"),
        is_over=lambda seen: seen["status"] in ENDED,
        progress=lambda seen: progress(f"{test.title}, version {version}", seen),
    )
    return run


def _judged(
    burnish: Burnish, test: Test, measured: Measured, run: dict[str, Any], base: dict[str, Any] | None, ids: Mapping[str, str]
) -> Result:
    metrics = run["metrics"]
    accuracy = None if metrics["overall_accuracy"] is None else float(metrics["overall_accuracy"])
    low, high = (None, None) if accuracy is None else _bounds(metrics)
    items = int(metrics["items"]) + int(metrics.get("without_right_answer") or 0) // test.repeats
    scores = scores_of(run, ids)
    checks, notes = _score_checks(test, scores), [f"{in_words(word, one)}." for word, one in scores.items() if _least(test, word) is None]
    checks = _accuracy_checks(burnish, test, measured.version, metrics, others=checks) + checks
    difference, broken = None, ()
    if test.baseline is not None and base is None:
        notes.append(f"{test.chain or test.prompt} has no {test.baseline} yet, so there is nothing to compare with.")
    elif base is not None and base["id"] == run["id"]:
        notes.append(f"{test.baseline} is version {measured.version} itself, so there is nothing to compare with.")
    elif base is not None:
        compared = burnish.request("GET", f"/v1/test-runs/{run['id']}/compare/{base['id']}")
        difference = compared["difference"]
        broken = tuple(one for one in compared["changed"] if one["change"] == "broken")
        checks += _baseline_checks(test, compared, ids)
    if items < FEW_ITEMS:
        notes.append(f"{items} items are few: take the figures for a hint. From 30 items on they are a measurement.")
    if run["simulated"]:
        notes.append("The model is simulated: this is no figure of a real one.")
    return Result(
        test.title, test.prompt, measured.version, measured.comes_from, measured.path, items, accuracy, low, high, run["id"],
        base["id"] if base else None, base["version"] if base else None, difference,
        int(run.get("cost_nusd") or 0) + int((base or {}).get("cost_nusd") or 0 if base is not run else 0),
        bool(run["simulated"]), tuple(checks), broken, None, tuple(notes), scores, test.chain,
    )  # fmt: skip


def _accuracy_checks(burnish: Burnish, test: Test, version: int, metrics: dict[str, Any], *, others: Sequence[Check]) -> list[Check]:
    """How many are right, where something is; where nothing is, something else must have been asked for."""
    if metrics["overall_accuracy"] is None:
        if test.min_accuracy is None and (others or test.baseline is not None):
            return []
        return [Check("accuracy", False, f"no case has a right answer, so there is no accuracy; {SAY_A_SCORE}")]
    if test.min_accuracy is None and test.baseline is not None:
        return []
    accuracy, (low, high) = float(metrics["overall_accuracy"]), _bounds(metrics)
    least = _threshold(burnish, test, version)
    reached = low if test.sure else accuracy
    needed = f"at least {_percent(least)}" + (" at the lower bound" if test.sure else "")
    words = f"{_percent(accuracy)} of {metrics['items']} are right ({_percent(low)} to {_percent(high)}); needed: {needed}"
    return [Check("accuracy", reached >= least, words)]


def _score_checks(test: Test, scores: Mapping[str, Mapping[str, Any]]) -> list[Check]:
    return [
        Check(f"score:{word}", one["mean_score"] >= least, f"{in_words(word, one)}; needed: at least {least:.3f}")
        for word, one in scores.items()
        if (least := _least(test, word)) is not None
    ]


def _least(test: Test, word: str) -> float | None:
    return next(one.min_score for one in test.evaluators if one.evaluator == word)


def _baseline_checks(test: Test, compared: dict[str, Any], ids: Mapping[str, str]) -> list[Check]:
    """Not surely worse; or, with `max_drop`, surely not worse by more: by what is right, and by each evaluator."""
    where = f"against {test.baseline}, version {compared['base']['version']}"
    checks = []
    if (difference := compared["difference"]) is not None:
        seen = f"{_points(difference['value'])} points {where} ({_points(difference['low'])} to {_points(difference['high'])}; "
        checks.append(_not_worse(test, "baseline", difference, f"{seen}{compared['fixed']} fixed, {compared['broken']} broken)"))
    for word, one in against(compared, ids).items():
        seen = f"{_points(one['value'])} points of the mean score by '{word}' {where} ({_points(one['low'])} to {_points(one['high'])})"
        checks.append(_not_worse(test, f"baseline:{word}", one, seen))
    return checks or [Check("baseline", False, f"nothing was scored in both runs that could be compared {where}; {SAY_A_SCORE}")]


def _not_worse(test: Test, name: str, difference: dict[str, float], seen: str) -> Check:
    if test.max_drop is None:
        return Check(name, difference["high"] >= 0, f"{seen}; it must not be surely worse")
    most = f"{100 * test.max_drop:.1f}"
    return Check(name, difference["low"] >= -test.max_drop, f"{seen}; the lower bound may be {most} points worse at most")


def _threshold(burnish: Burnish, test: Test, version: int) -> float:
    if test.min_accuracy is not None:
        return test.min_accuracy
    if test.chain:
        return USUAL_THRESHOLD
    said = burnish.request("GET", f"/v1/prompts/{test.prompt}/versions/{version}").get("quality_threshold")
    return USUAL_THRESHOLD if said is None else float(said)


def _bounds(metrics: dict[str, Any]) -> tuple[float, float]:
    interval = metrics["interval"]
    return float(interval["low"]), float(interval["high"])


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _points(share: float) -> str:
    return f"{100 * share:+.1f}"
