"""The tickets that the demo drives through Burnish, and the weak prompt that it begins with."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from random import Random
from typing import Any, Final

from burnish.demo.failure import DemoFailed
from burnish_shared.samples import support_tickets
from burnish_shared.search_budget import evaluations_to_begin

VARIABLE: Final = "ticket"
SPLITS: Final = {"train": "train", "validation": "validation", "val": "validation", "test": "test"}
LABELS_MOST: Final = 50


@dataclass(frozen=True, slots=True)
class Ticket:
    """One text and the label that it should get."""

    text: str
    expected: str
    split: str


@dataclass(frozen=True, slots=True)
class TicketSet:
    """A labelled file as it will be uploaded, and the prompts for it. `handwritten` None: nobody wrote one for these labels."""

    name: str
    slug: str
    jsonl: bytes
    tickets: tuple[Ticket, ...]
    weak: Mapping[str, Any]
    weak_is_from: str
    handwritten: Mapping[str, Any] | None

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(sorted({ticket.expected for ticket in self.tickets}))

    def of_split(self, split: str) -> list[Ticket]:
        return [ticket for ticket in self.tickets if ticket.split == split]

    def check_budget(self, evaluations: int) -> None:
        """Raises DemoFailed when a search on these could not begin with so many evaluations."""
        train, validation, test = (len(self.of_split(split)) for split in ("train", "validation", "test"))
        least = evaluations_to_begin(train_items=train, validation_items=validation, test_items=test)
        if least is not None and evaluations < least:
            raise DemoFailed(f"with {evaluations} evaluations a search on {self.name} cannot begin; --evaluations {least} is the least.")

    def for_traffic(self, seed: int) -> list[Ticket]:
        """Everything but the test split, shuffled by the seed."""
        chosen = [ticket for ticket in self.tickets if ticket.split != "test"]
        Random(seed).shuffle(chosen)
        return chosen


def own_tickets() -> TicketSet:
    """The support tickets that Burnish ships, described in `data/README.md`."""
    folder = files("burnish.demo") / "data"
    jsonl = support_tickets()
    return TicketSet(
        name="support routing",
        slug="support-routing",
        jsonl=jsonl,
        tickets=_read(jsonl, path="support_routing.jsonl"),
        weak=json.loads((folder / "weak_prompt.json").read_text("utf-8")),
        weak_is_from="written in a hurry, the head words of each queue and nothing about the form of the answer",
        handwritten=json.loads((folder / "handwritten_prompt.json").read_text("utf-8")),
    )


def tickets_of(path: Path) -> TicketSet:
    """A JSONL file of `{"input", "expected", "split"}`. Its weak prompt knows the names of its labels and nothing else."""
    try:
        jsonl = path.read_bytes()
    except OSError as error:
        raise DemoFailed(f"{path} cannot be read: {error.strerror}.") from error
    tickets = _read(jsonl, path=path.name)
    labels = sorted({ticket.expected for ticket in tickets})
    if not 2 <= len(labels) <= LABELS_MOST:
        raise DemoFailed(f"{path.name} has {len(labels)} labels; the demo takes 2 to {LABELS_MOST}.")
    stem = re.sub(r"[^a-z0-9_-]+", "-", path.stem.lower()).strip("-_")[:40]
    return TicketSet(
        name=path.name,
        slug=f"from-{stem}" if stem else "from-file",
        jsonl=jsonl,
        tickets=tickets,
        weak=_thin_prompt(labels),
        weak_is_from=f"made from the names of the {len(labels)} labels alone, by rule: nobody who knows the data wrote it",
        handwritten=None,
    )


def _thin_prompt(labels: list[str]) -> dict[str, Any]:
    """A line a label, with the words of its name; nothing about the form of the answer."""
    lines = "\n".join(f"- {label}: {', '.join(re.split(r'[^a-zA-Z0-9]+', label))}" for label in labels)
    system = f"You sort messages of customers. Read the message and pick the category.\n\n{lines}"
    messages = [{"role": "system", "content": system}, {"role": "user", "content": f"{{{{{VARIABLE}}}}}"}]
    return {"messages": messages, "model": "simulated/reader", "temperature": 0}


def _read(jsonl: bytes, *, path: str) -> tuple[Ticket, ...]:
    tickets = []
    for number, line in enumerate(jsonl.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            tickets.append(Ticket(str(row["input"]), str(row["expected"]), SPLITS[row["split"]]))
        except (ValueError, KeyError, TypeError) as error:
            raise DemoFailed(f"{path}, line {number}: needs input, expected and split (train, validation or test).") from error
    few = [split for split in ("train", "validation", "test") if sum(ticket.split == split for ticket in tickets) < 20]
    if few:
        raise DemoFailed(f"{path} has fewer than 20 items in {', '.join(few)}; nothing could be shown with them.")
    return tuple(tickets)
