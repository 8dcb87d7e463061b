"""Burnish's search on the same worlds, driven through its public door."""

import asyncio
from collections.abc import Callable

import numpy as np

from benchmarks.optimizer.reflector import Reflector
from benchmarks.optimizer.runs import Ledger, Run, by_id
from benchmarks.optimizer.world import Case, World
from burnish_optimizer.search import Budget, Edit, Item, Progress, Proposal, Reflection, Scored, Settings, Task, optimize


def items(cases: list[Case]) -> tuple[Item, ...]:
    return tuple(Item(id=case.id, input=case.input, expected=case.expected) for case in cases)


def burnish(world: World, *, seed: int, budget: int, name: str = "burnish", settings: Settings | None = None, **options: object) -> Run:
    return asyncio.run(_burnish(world, seed=seed, budget=budget, name=name, settings=settings or Settings(), **options))


async def _burnish(world: World, *, seed: int, budget: int, name: str, settings: Settings, **options: object) -> Run:
    ledger = Ledger(world, Run(name, world.kind.name, world.seed))
    cases = by_id([*world.train, *world.validation])

    async def evaluate(prompt: str, item: Item) -> Scored:
        right = world.answer(prompt, cases[item.id])
        return Scored(score=float(right), output=item.expected if right else "no idea")

    async def report(progress: Progress) -> None:
        ledger.run.stages = progress.stages
        ledger.returns(progress.champion or world.start)

    result = await optimize(
        Task(prompt=world.start, train=items(world.train), validation=items(world.validation)),
        evaluate=evaluate,
        propose=proposer(world, seed),
        budget=Budget(evaluations=budget),
        rng=np.random.Generator(np.random.PCG64(seed)),
        settings=settings,
        report=report,
        **options,  # type: ignore[arg-type]
    )
    run = ledger.run
    run.stages, run.finish = result.stages, result.finish_reason
    prompt = result.candidate.prompt if result.candidate else world.start
    validation = result.candidate.expected if result.candidate else None
    return ledger.close(prompt, validation=validation, claims=result.candidate is not None, budget=budget)


def proposer(world: World, seed: int) -> Callable[[Reflection], object]:
    """The same reflector as for the others. Where it can be asked for edits it gives edits, else it gives a whole prompt."""
    cases, reflector = by_id(world.train), Reflector(world, seed)

    async def propose(reflection: Reflection) -> Proposal:
        failing = [cases[failure.item.id] for failure in reflection.failed][:3]
        number = reflection.number + 1
        change = reflector.change(reflection.prompt, failing, number)
        if world.kind.rewords == "whole":
            return Proposal(edits=(), rewritten=reflector.rewritten(reflection.prompt, change, number))
        edits = [Edit("rules", line) for line in change.added]
        if change.lost:
            edits.append(Edit("rules", "", operation="delete", line=change.lost))
        if change.reworded:
            edits.append(Edit("rules", change.reworded[1], operation="replace", line=change.reworded[0]))
        return Proposal(edits=tuple(edits))

    return propose
