"""A made-up world for the search: items need one of some latent rules, prompts hold rules or do not, and every answer is a hash."""

import asyncio
from dataclasses import dataclass, field
from hashlib import blake2b

import numpy as np

from burnish_optimizer.search import Budget, Edit, Item, Proposal, Reflection, Scored, SearchResult, Settings, Task, optimize

NAMES = ("amber", "basil", "cobalt", "damask", "ember", "fennel", "garnet", "hazel")


def unit(*parts: object) -> float:
    """A number in (0, 1) that depends on nothing but the parts."""
    digest = blake2b("\x1f".join(map(str, parts)).encode(), digest_size=8).digest()
    return (int.from_bytes(digest, "big") + 0.5) / 2**64


@dataclass(slots=True)
class World:
    """`gain` is what a known rule adds to the chance of a right answer on the items that need it; with 0 there is nothing to find."""

    gain: float
    seed: int = 0
    base: float = 0.3
    evaluations: int = 0
    asked: list[tuple[str, str]] = field(default_factory=list)
    shuffle_answers: bool = False
    fail_after: int | None = None

    def task(self, *, train: int = 120, validation: int = 96) -> Task:
        return Task(prompt="Sort the ticket.", train=self.items("train", train), validation=self.items("validation", validation))

    def items(self, split: str, count: int) -> tuple[Item, ...]:
        return tuple(
            Item(id=f"{split}-{n}", input=f"ticket {split} {n}", expected=NAMES[int(unit(self.seed, split, n) * len(NAMES))])
            for n in range(count)
        )

    def chance(self, prompt: str, item: Item) -> float:
        return self.base + self.gain * (f"know {item.expected}" in prompt)

    async def evaluate(self, prompt: str, item: Item) -> Scored:
        if self.fail_after is not None and self.evaluations >= self.fail_after:
            raise ConnectionError("cut off")
        self.evaluations += 1
        self.asked.append((prompt, item.id))
        if self.shuffle_answers:
            await asyncio.sleep(unit("delay", prompt, item.id) / 1000)
        right = unit(self.seed, "answer", item.id) < self.chance(prompt, item)
        return Scored(score=float(right), output=item.expected if right else "wrong", cost_nusd=10)

    async def propose(self, reflection: Reflection) -> Proposal:
        """A rule that a failure needs, or noise; and now and then nothing."""
        dice = unit(self.seed, "propose", reflection.number)
        if dice < 0.1:
            return Proposal(edits=(), cost_nusd=50)
        if dice < 0.5:
            return Proposal(edits=(Edit("rules", f"- noise {reflection.number * 7919 % 9973}"),), cost_nusd=50)
        return Proposal(edits=(Edit("rules", f"- know {reflection.failed[0].item.expected}"),), cost_nusd=50)

    async def search(self, *, budget: int = 1_500, reserved: int = 200, seed: int = 1, settings: Settings | None = None) -> SearchResult:
        return await optimize(
            self.task(),
            evaluate=self.evaluate,
            propose=self.propose,
            budget=Budget(evaluations=budget, reserved_evaluations=reserved),
            rng=np.random.default_rng(seed),
            settings=settings or Settings(),
        )
