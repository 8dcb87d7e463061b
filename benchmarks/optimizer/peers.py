"""The others, on the same worlds: gepa from PyPI, a hill climb, and a search in the manner of MIPROv2."""

import random
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.optimizer.reflector import Reflector
from benchmarks.optimizer.runs import Ledger, Run
from benchmarks.optimizer.world import PREVALENCES, Case, World


class Quiet:
    def log(self, message: str) -> None:
        """gepa says nothing."""


class Adapter:
    """What gepa asks of a system: evaluate, show what happened, propose. Counts every metric call and every dependent stage."""

    def __init__(self, world: World, ledger: Ledger, *, validation: Sequence[Case], seed: int) -> None:
        self.world, self.ledger, self.validation = world, ledger, list(validation)
        self.reflector, self.asked = Reflector(world, seed), 0
        self.best: tuple[float, str] | None = None

    def evaluate(self, batch: list[Case], candidate: dict[str, str], capture_traces: bool = False) -> Any:
        from gepa.core.adapter import EvaluationBatch

        prompt = candidate["prompt"]
        scores = [float(self.world.answer(prompt, case)) for case in batch]
        self.ledger.run.stages += 1
        if [case.id for case in batch] == [case.id for case in self.validation]:
            mean = sum(scores) / len(scores)
            if self.best is None or mean > self.best[0]:
                self.best = (mean, prompt)
                self.ledger.returns(prompt)
        traces = [{"case": case, "right": score >= 1} for case, score in zip(batch, scores, strict=True)]
        return EvaluationBatch(outputs=[{} for _ in batch], scores=scores, trajectories=traces if capture_traces else None)

    def make_reflective_dataset(self, candidate: dict[str, str], batch: Any, components: list[str]) -> Mapping[str, list[dict[str, Any]]]:
        return {component: list(batch.trajectories) for component in components}

    def propose_new_texts(
        self, candidate: dict[str, str], dataset: Mapping[str, Sequence[Mapping[str, Any]]], components: list[str]
    ) -> dict[str, str]:
        failing = [row["case"] for row in dataset["prompt"] if not row["right"]]
        self.asked += 1
        self.ledger.run.stages += 1
        if not failing:
            return {"prompt": candidate["prompt"]}
        change = self.reflector.change(candidate["prompt"], failing, self.asked)
        return {"prompt": self.reflector.rewritten(candidate["prompt"], change, self.asked)}


def gepa(world: World, *, seed: int, budget: int, name: str = "gepa default", validation: int | None = None, **options: Any) -> Run:
    import gepa as package

    ledger = Ledger(world, Run(name, world.kind.name, world.seed))
    cases = world.validation[:validation] if validation else world.validation
    adapter = Adapter(world, ledger, validation=cases, seed=seed)
    result = package.optimize(
        seed_candidate={"prompt": world.start},
        trainset=world.train,
        valset=cases,
        adapter=adapter,  # type: ignore[arg-type]
        max_metric_calls=budget,
        seed=seed,
        logger=Quiet(),
        track_best_outputs=False,
        **options,
    )
    scores = list(result.val_aggregate_scores)
    best = result.best_candidate["prompt"]  # type: ignore[index,call-overload]
    ledger.run.finish = "budget"
    return ledger.close(best, validation=max(scores), claims=max(scores) > scores[0], budget=budget)


def climb(world: World, *, seed: int, budget: int, name: str = "hill climb") -> Run:
    """Reflects on three failing items, keeps a child that is better on all of validation."""
    dice, reflector = random.Random(f"climb/{seed}"), Reflector(world, seed)
    ledger = Ledger(world, Run(name, world.kind.name, world.seed))
    prompt = world.start
    first = best = sum(world.answer(prompt, case) for case in world.validation)
    number = 0
    while world.calls + 9 + len(world.validation) <= budget:
        number += 1
        batch = dice.sample(world.train, min(9, len(world.train)))
        failing = [case for case in batch if not world.answer(prompt, case)][:3]
        ledger.run.stages += 1
        if not failing:
            continue
        child = reflector.rewritten(prompt, reflector.change(prompt, failing, number), number)
        score = sum(world.answer(child, case) for case in world.validation)
        ledger.run.stages += 2
        if score > best:
            prompt, best = child, score
            ledger.returns(prompt)
    return ledger.close(prompt, validation=best / len(world.validation), claims=best > first, budget=budget)


def mipro_like(world: World, *, seed: int, budget: int, name: str = "MIPROv2-like") -> Run:
    """Twelve instructions written from a summary of the data, never from failures; minibatches of 35, everything every fifth trial.

    An instruction says some common rules and, as reflections do, some distractors. Choice among them by optimism in face of doubt
    stands for Optuna's sampler. Its ceiling is its best instruction.
    """
    dice = random.Random(f"mipro/{world.seed}/{seed}")
    ledger = Ledger(world, Run(name, world.kind.name, world.seed))
    kind = world.kind
    options = [world.start, *(_instruction(world, dice) for _ in range(12))]
    world.reflections += 12
    seen: dict[str, list[bool]] = {prompt: [] for prompt in options}
    whole: dict[str, float] = {}
    first = _mean(world, world.start, whole)
    ledger.returns(world.start)
    trial = 0
    while world.calls + 35 + len(world.validation) <= budget and len(whole) < len(options):
        trial += 1
        prompt = max(options, key=lambda one: sum(seen[one]) / len(seen[one]) + (2 / len(seen[one])) ** 0.5 if seen[one] else 9.0)
        seen[prompt] += [world.answer(prompt, case) for case in dice.sample(world.validation, min(35, len(world.validation)))]
        ledger.run.stages += 1
        if trial % 5 == 0:
            open_ones = [one for one in options if one not in whole and seen[one]]
            if open_ones:
                _mean(world, max(open_ones, key=lambda one: sum(seen[one]) / len(seen[one])), whole)
                ledger.run.stages += 1
                ledger.returns(max(whole, key=lambda one: whole[one]))
    best = max(whole, key=lambda one: whole[one])
    ledger.run.finish = "budget" if len(whole) < len(options) else f"all tried ({kind.name})"
    return ledger.close(best, validation=whole[best], claims=whole[best] > first, budget=budget)


def _mean(world: World, prompt: str, into: dict[str, float]) -> float:
    into[prompt] = sum(world.answer(prompt, case) for case in world.validation) / len(world.validation)
    return into[prompt]


def _instruction(world: World, dice: random.Random) -> str:
    lines = [world.start]
    for k, share in enumerate(PREVALENCES):
        if dice.random() < 0.6 * share:
            lines.append(world.wordings.usual(("rule", k)))
    while dice.random() < world.kind.distracts:
        lines.append(world.wordings.usual(("distractor", dice.randrange(8))))
    return "\n".join(lines)
