"""`burnish.yaml`: which prompts and chains are measured on what, and what is enough."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

import yaml

NAME: Final = "burnish.yaml"
SPLITS: Final = ("train", "validation", "test")
EVALUATORS_MOST: Final = 10


class BadConfig(ValueError):
    """The file cannot be used, with the reason in words."""


@dataclass(frozen=True)
class Scored:
    """An evaluator of Burnish, by its name or id, and the mean score that the answers must reach, from 0 to 1. An answer without a score
    counts as 0. None: it is told, and asks for nothing."""

    evaluator: str
    min_score: float | None = None


GATE: Final = "gate"
OF_THE_GATE: Final = (Scored(""),)
"""`evaluators: gate`: whoever judges by the gate of the prompt in Burnish, its own or the workspace's. Looked up when it is measured."""


@dataclass(frozen=True)
class Test:
    """One line of the gate: of a `prompt`, or of a `chain` as Burnish has it.

    `dataset`: a file (beside burnish.yaml), a name or an id. `min_accuracy`: share from 0 to 1; None: the version's own quality
    threshold, 0.8 without, unless a baseline is compared with. `sure`: the lower bound of the interval must reach it, too. `baseline`: a
    label or a version. `max_drop`: the share that it may be worse at most, at the lower bound; None: it must not be surely worse.
    `evaluators`: what else scores the answers; items without a right answer are judged by them alone. `OF_THE_GATE`: as the prompt's gate
    says.
    """

    __test__ = False  # pytest would take it for one of its own

    prompt: str = ""
    dataset: str = ""
    name: str = ""
    split: str = "validation"
    min_accuracy: float | None = None
    sure: bool = False
    baseline: str | None = None
    max_drop: float | None = None
    repeats: int = 1
    model: str | None = None
    evaluators: tuple[Scored, ...] = ()
    chain: str = ""

    @property
    def title(self) -> str:
        return self.name or self.prompt or self.chain


@dataclass(frozen=True)
class Config:
    """`folder`: of the prompt files. `root`: the folder of burnish.yaml, where paths begin."""

    root: Path
    folder: Path
    tests: tuple[Test, ...]


def read_config(path: Path) -> Config:
    """Raises BadConfig where it is no YAML, or says what the gate does not know."""
    try:
        said = yaml.safe_load(path.read_text("utf-8")) or {}
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:  # ValueError: no UTF-8, or a date that the calendar lacks
        why = (isinstance(error, OSError) and error.strerror) or " ".join(str(error).split())
        raise BadConfig(f"{path} cannot be read: {why}") from error
    if not isinstance(said, dict) or (unknown := [str(name) for name in said if name not in ("prompts", "tests")]):
        raise BadConfig(f"{path} holds `prompts` and `tests`" + (f", and no {', '.join(unknown)}." if isinstance(said, dict) else "."))
    folder, tests = said.get("prompts", "prompts"), said.get("tests") or []
    if not isinstance(folder, str) or not isinstance(tests, list):
        raise BadConfig(f"{path}: `prompts` is a folder, and `tests` a list.")
    read = tuple(read_test(one, f"{path}, test {number}") for number, one in enumerate(tests, start=1))
    titles = [one.title for one in read]
    if twice := {one for one in titles if titles.count(one) > 1}:
        raise BadConfig(f"{path}: {', '.join(sorted(twice))} stands there twice; give each test a `name` of its own.")
    return Config(path.parent, path.parent / folder, read)


def read_test(said: Any, where: str) -> Test:
    """Raises BadConfig, which begins with `where`, for what the gate does not know."""
    if not isinstance(said, Mapping):
        raise BadConfig(f"{where}: a test has `prompt`, `dataset`, and what is enough.")
    known = {one.name for one in fields(Test)}
    if unknown := [str(name) for name in said if name not in known]:
        raise BadConfig(f"{where}: a test has no {', '.join(unknown)}. It may have {', '.join(sorted(known))}.")
    given = {name: value for name, value in said.items() if value is not None}
    _check_kinds(given, where)
    given |= {"baseline": str(given["baseline"])} if "baseline" in given else {}
    _check_what(given, where)
    for name in ("min_accuracy", "max_drop"):
        if name in given and not (_is_number(given[name]) and 0 <= given[name] <= 1):
            raise BadConfig(f"{where}: `{name}` is a share from 0 to 1.")
    if given.get("split", "validation") not in SPLITS:
        raise BadConfig(f"{where}: `split` is one of {', '.join(SPLITS)}.")
    if "max_drop" in given and "baseline" not in given:
        raise BadConfig(f"{where}: `max_drop` needs a `baseline`.")
    repeats = given.get("repeats", 1)
    if not isinstance(repeats, int) or isinstance(repeats, bool) or not 1 <= repeats <= 20:
        raise BadConfig(f"{where}: `repeats` is a number from 1 to 20.")
    if "evaluators" in given:
        given["evaluators"] = _evaluators(given["evaluators"], where)
    return Test(**given)


def _evaluators(said: Any, where: str) -> tuple[Scored, ...]:
    """`name: least mean score` each, or names alone, or the word `gate`."""
    if said == GATE:
        return OF_THE_GATE
    if isinstance(said, tuple) and all(isinstance(one, Scored) for one in said):
        return said
    if isinstance(said, list):
        said = dict.fromkeys(said) if all(isinstance(one, str) for one in said) else None
    if not isinstance(said, Mapping) or not 1 <= len(said) <= EVALUATORS_MOST or not all(isinstance(name, str) and name for name in said):
        raise BadConfig(
            f"{where}: `evaluators` says names or ids with the mean score that each must reach, such as {{polite: 0.8}}; "
            f"{EVALUATORS_MOST} at most. Or `{GATE}`: as the gate of the prompt says."
        )
    for name, least in said.items():
        if least is not None and not (_is_number(least) and 0 <= least <= 1):
            raise BadConfig(f"{where}: the mean score of the evaluator {name} is a number from 0 to 1.")
    return tuple(Scored(name, least) for name, least in said.items())


def _check_what(given: Mapping[str, Any], where: str) -> None:
    """A prompt or a chain, and cases. Steps of a chain name their models."""
    for name in ("chain" if "chain" in given and "prompt" not in given else "prompt", "dataset"):
        if not isinstance(given.get(name), str) or not given[name]:
            raise BadConfig(f"{where}: `{name}` is lacking.")
    if "chain" in given and "prompt" in given:
        raise BadConfig(f"{where}: `chain` stands in place of a `prompt`; give one of them.")
    if "chain" in given and "model" in given:
        raise BadConfig(f"{where}: the steps of a chain name their models; leave `model` out.")


def _check_kinds(given: Mapping[str, Any], where: str) -> None:
    """What YAML reads as something else than was meant must not pass for it."""
    baseline = given.get("baseline", "")
    if isinstance(baseline, bool) or not isinstance(baseline, str | int):
        raise BadConfig(f"{where}: `baseline` is a label or the number of a version.")
    if not isinstance(given.get("sure", False), bool):
        raise BadConfig(f"{where}: `sure` is true or false.")
    if wrong := [name for name in ("name", "model") if not isinstance(given.get(name, ""), str)]:
        raise BadConfig(f"{where}: `{wrong[0]}` is a text; put it into quotation marks.")


def _is_number(value: object) -> bool:
    """`true` is none, though Python counts it as 1."""
    return isinstance(value, int | float) and not isinstance(value, bool)
