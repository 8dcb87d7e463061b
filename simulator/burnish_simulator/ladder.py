"""`python -m burnish_simulator.ladder FILE [--definitions FILE …]`: measure how the reader climbs on a labelled set, as markdown.

FILE is JSON lines with `input`, `expected` and `split` (train, test; others are not read). A definitions file has one `label: text` a line.
This is the only module that reads a data set, and nothing that answers imports it.
"""

import argparse
import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path

from burnish_simulator.ladder_rungs import Item, LabelledSet, Rung, climb


def read_set(path: Path) -> LabelledSet:
    """Raises ValueError when a line lacks a field or a split is empty, OSError when the file cannot be read."""
    try:
        rows = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
        splits = {name: tuple(Item(row["input"], row["expected"]) for row in rows if row["split"] == name) for name in ("train", "test")}
    except (KeyError, TypeError) as error:
        raise ValueError(f"{path}: every line must be an object with input, expected and split") from error
    if not all(splits.values()):
        raise ValueError(f"{path}: there must be rows with split train and with split test")
    labels = sorted({item.expected for items in splits.values() for item in items})
    return LabelledSet(tuple(labels), splits["train"], splits["test"])


def read_definitions(path: Path) -> dict[str, str]:
    """Label → text, from lines `label: text`; other lines are passed over."""
    pairs = (line.partition(":") for line in path.read_text("utf-8").splitlines())
    return {label.strip(): text.strip() for label, mark, text in pairs if mark and text.strip()}


def table(rungs: Sequence[Rung], *, name: str, items: int, labels: int) -> str:
    """The rungs as a markdown table, with how far chance moves a share measured on so few items."""
    error = math.sqrt(0.25 / items)
    lines = [f"| {name}, n = {items}, standard error ≤ {error:.3f}, chance {1 / labels:.3f} | accuracy |", "|---|---|"]
    return "\n".join(lines + [f"| {rung.name} | {rung.accuracy:.3f} |" for rung in rungs])


def run(arguments: Sequence[str]) -> None:
    """Print the table for a file."""
    parser = argparse.ArgumentParser(prog="burnish_simulator.ladder", description="Accuracy of the simulated reader by its prompt.")
    parser.add_argument("file", type=Path, help="JSON lines with input, expected, split")
    parser.add_argument("--definitions", type=Path, action="append", default=[], help="lines `label: text`; may be given several times")
    chosen = parser.parse_args(arguments)
    data = read_set(chosen.file)
    rungs = list(climb(data, {path.stem: read_definitions(path) for path in chosen.definitions}))
    print(table(rungs, name=chosen.file.stem, items=len(data.test), labels=len(data.labels)))


if __name__ == "__main__":
    run(sys.argv[1:])
