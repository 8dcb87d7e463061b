"""Real tickets, the simulated reader as model and the simulated writer as reflector: no figure here is one of a real model.

The test split is asked once, at the end, by this file and not by the search.
"""

import json
from pathlib import Path

import numpy as np

from burnish_optimizer.core.reflection_request import edits_in, request_messages
from burnish_optimizer.search import BEFORE_PROOF, Budget, Item, Proposal, Reflection, Scored, Settings, Task, optimize
from burnish_optimizer.stats import alpha_of_look, discordance, mcnemar_one_sided, newcombe_interval
from burnish_simulator.reader.answer import answer
from burnish_simulator.writer.propose import propose as write

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data"
SETS = ("support_routing", "intent_fine11", "intent_oos_banking")
DEMO = "the demo's tickets and hurried prompt"


def load(name: str) -> dict[str, list[Item]]:
    """Items by split; what is outside of scope is left out, as the reader has no way to say so."""
    splits: dict[str, list[Item]] = {"train": [], "val": [], "test": []}
    for line in (DATA / f"{name}.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        if row["expected"] not in ("oos", "out_of_scope"):
            splits[row["split"]].append(Item(id=row["id"], input=row["input"], expected=row["expected"]))
    return splits


def demo() -> tuple[dict[str, list[Item]], str]:
    """What the page offers a new user: the tickets of its example, and the prompt that is there to be made better."""
    splits: dict[str, list[Item]] = {"train": [], "val": [], "test": []}
    for line in (ROOT / "web/public/examples/support-tickets.txt").read_text("utf-8").splitlines():
        row = json.loads(line)
        splits["val" if row["split"] == "validation" else row["split"]].append(Item(row["id"], row["input"], row["expected"]))
    weak = json.loads((ROOT / "cli/burnish/demo/data/weak_prompt.json").read_text("utf-8"))
    return splits, weak["messages"][0]["content"]


def names_only(splits: dict[str, list[Item]]) -> str:
    labels = sorted({item.expected for item in splits["train"]})
    return f"Sort the message into one of these labels: {', '.join(labels)}."


def shuffled(splits: dict[str, list[Item]], seed: int) -> dict[str, list[Item]]:
    """The same texts with labels that have nothing to do with them: nothing can be learned."""
    dice = np.random.Generator(np.random.PCG64(seed))
    mixed = {}
    for split, items in splits.items():
        labels = [items[index].expected for index in dice.permutation(len(items))]
        mixed[split] = [Item(item.id, item.input, label) for item, label in zip(items, labels, strict=True)]
    return mixed


async def search(
    splits: dict[str, list[Item]], prompt: str, *, seed: int, budget: int = 2_500, settings: Settings | None = None
) -> dict[str, object]:
    """One search and one look at the test split, as a job does it."""
    spent = 0

    async def evaluate(text: str, item: Item) -> Scored:
        nonlocal spent
        got = answer(text, item.input)
        spent += len(text) + len(item.input)
        return Scored(score=float(got.strip() == item.expected), output=got.strip())

    async def propose(reflection: Reflection) -> Proposal:
        text = request_messages(reflection)[1]["content"]
        edit = write(text, seed=seed * 1_000_003 + reflection.number)
        return Proposal(edits=edits_in(json.dumps({"section": edit.section, "text": edit.text})))

    test = splits["test"]
    result = await optimize(
        Task(prompt=prompt, train=tuple(splits["train"]), validation=tuple(splits["val"])),
        evaluate=evaluate,
        propose=propose,
        budget=Budget(evaluations=budget, reserved_evaluations=2 * len(test)),
        rng=np.random.Generator(np.random.PCG64(seed)),
        settings=settings or BEFORE_PROOF,
    )
    row: dict[str, object] = {
        "finish": result.finish_reason, "evaluations": result.evaluations, "proposals": result.proposals, "thousand_characters": spent // 1000
    }  # fmt: skip
    if result.candidate is None:
        return row | {"shipped": False}
    before = [answer(prompt, item.input).strip() == item.expected for item in test]
    after = [answer(result.candidate.prompt, item.input).strip() == item.expected for item in test]
    cells, alpha = discordance(before, after), alpha_of_look(1)
    interval = newcombe_interval(cells, confidence=1 - 2 * alpha)
    validation = sum(result.candidate.scores) / len(result.candidate.scores)
    return row | {
        "evaluations": result.evaluations + 2 * len(test),
        "before": sum(before) / len(test),
        "after": sum(after) / len(test),
        "low": interval.low,
        "high": interval.high,
        "optimism": validation - sum(after) / len(test),
        "lines": sum(effect.state == "chosen" for effect in result.candidate.effects),
        "shipped": mcnemar_one_sided(fixed=cells.fixed, broken=cells.broken) <= alpha and interval.low > 0,
    }
