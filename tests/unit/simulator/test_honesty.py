"""The reader is honest: a prompt gets better only by what its text says. Shown on a small set, and on public ones where present."""

from pathlib import Path

import pytest

from burnish_simulator.ladder import read_definitions, read_set, run
from burnish_simulator.ladder_rungs import BARE_NAME, LabelledSet, accuracy, climb, nonsense_names, prompt, rotated
from tests.unit.simulator.library_desk import LIBRARY_DESK, RIGHT_DEFINITIONS

pytestmark = pytest.mark.capability("E4")

DATA = Path(__file__).parents[4] / "shared" / "data"
DEFINITIONS = Path(__file__).parent / "definitions"
SUPPORT, FINE = DATA / "support_routing.jsonl", DATA / "intent_fine11.jsonl"
TOLERANCE = 0.036
"""One standard error of a share of 198 items, at most."""


def measured(data: LabelledSet, definitions: dict[str, str]) -> float:
    return accuracy(prompt(data.labels, definitions, BARE_NAME), data.test)


@pytest.mark.parametrize("label", LIBRARY_DESK.labels)
def test_a_right_definition_raises_accuracy_on_held_back_items_and_a_wrong_one_lowers_it(label: str) -> None:
    without = {name: text for name, text in RIGHT_DEFINITIONS.items() if name != label}
    wrong = without | {label: next(text for name, text in RIGHT_DEFINITIONS.items() if name != label)}
    assert measured(LIBRARY_DESK, wrong) < measured(LIBRARY_DESK, without) < measured(LIBRARY_DESK, RIGHT_DEFINITIONS)


def test_definitions_that_say_nothing_raise_nothing() -> None:
    empty = dict.fromkeys(LIBRARY_DESK.labels, "handled by the friendly staff downstairs")
    assert abs(measured(LIBRARY_DESK, empty) - measured(LIBRARY_DESK, {})) <= 0.1


def test_nonsense_names_alone_fall_to_chance_and_lose_little_where_definitions_stay() -> None:
    nonsense, renamed = nonsense_names(LIBRARY_DESK)
    defined = {renamed[label]: text for label, text in RIGHT_DEFINITIONS.items()}
    assert measured(nonsense, {}) <= 0.25 + 0.18
    assert measured(nonsense, defined) >= measured(LIBRARY_DESK, RIGHT_DEFINITIONS) - 0.1


def test_definitions_rotated_by_one_label_fall_below_chance() -> None:
    assert measured(LIBRARY_DESK, rotated(LIBRARY_DESK.labels, RIGHT_DEFINITIONS)) < 0.25


@pytest.fixture(scope="module")
def support() -> dict[str, float]:
    return rungs_of(SUPPORT)


@pytest.fixture(scope="module")
def fine() -> dict[str, float]:
    return rungs_of(FINE)


def rungs_of(path: Path) -> dict[str, float]:
    if not path.exists():
        pytest.skip(f"{path} is not here")
    written = {file.stem: read_definitions(file) for file in sorted((DEFINITIONS / path.stem).glob("*.txt"), reverse=True)}
    return {rung.name: rung.accuracy for rung in climb(read_set(path), written)}


@pytest.mark.parametrize(
    ("rung", "first_measured"),
    [("names, no format", 0.222), ("names, format", 0.303)]
    + [(f"names, format, {shots} examples a label (5 draws)", share) for shots, share in ((1, 0.397), (2, 0.502), (4, 0.586), (10, 0.663))]
    + [("definitions, no format", 0.591), ("definitions, format", 0.697)]
    + [(f"definitions, format, {shots} examples a label (5 draws)", share) for shots, share in ((1, 0.683), (2, 0.715), (4, 0.707))]
    + [("definitions, format, 10 examples a label (5 draws)", 0.730)],
)  # fmt: skip
def test_the_ladder_of_support_routing_is_as_first_measured(support: dict[str, float], rung: str, first_measured: float) -> None:
    """The definitions are not those of the first measurement, which are lost, but were written from train rows in the same way."""
    assert support[rung] == pytest.approx(first_measured, abs=TOLERANCE)


@pytest.mark.parametrize(
    ("rung", "first_measured"),
    [("names, no format", 0.399), ("names, format", 0.535)]
    + [(f"names, format, {shots} examples a label (5 draws)", share) for shots, share in ((1, 0.556), (2, 0.616), (4, 0.653), (10, 0.753))],
)  # fmt: skip
def test_the_ladder_of_fine_intents_is_as_first_measured(fine: dict[str, float], rung: str, first_measured: float) -> None:
    assert fine[rung] == pytest.approx(first_measured, abs=TOLERANCE)


def test_support_routing_shows_the_same_honesty(support: dict[str, float]) -> None:
    chance, best = 1 / 9, support["definitions, format"]
    assert support["check: definitions rotated by one label"] < chance
    assert abs(support["check: nonsense names alone"] - chance) <= 2 * 0.0224
    assert support["check: nonsense names with definitions"] >= best - 0.05
    assert abs(support["check: definitions, test labels shuffled"] - chance) <= 2 * 0.0224
    assert support["names, format, a wrong rule a label"] < support["names, format"]
    assert best - 0.06 <= support["check: definitions, 1000 tokens of padding"] <= best + 0.02
    assert support["check: definitions, 3000 tokens of padding"] < best
    assert support["check: definitions, told to explain"] == support["check: definitions, told to answer in JSON"] == 0


def test_where_names_say_much_wrong_definitions_still_cost_dearly(fine: dict[str, float]) -> None:
    assert fine["check: definitions rotated by one label"] < fine["names, format"] - 0.2
    assert fine["check: nonsense names with rotated definitions"] < 1 / 11
    assert abs(fine["check: nonsense names alone"] - 1 / 11) <= 2 * 0.0205


def test_the_ladder_command_prints_markdown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = "\n".join(
        f'{{"input": "{item.text}", "expected": "{item.expected}", "split": "{split}"}}'
        for split, items in (("train", LIBRARY_DESK.train), ("test", LIBRARY_DESK.test))
        for item in items
    )
    (tmp_path / "desk.jsonl").write_text(rows)
    (tmp_path / "ours.txt").write_text("\n".join(f"{label}: {text}" for label, text in RIGHT_DEFINITIONS.items()))
    run([str(tmp_path / "desk.jsonl"), "--definitions", str(tmp_path / "ours.txt")])
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "| desk, n = 24, standard error ≤ 0.102, chance 0.250 | accuracy |"
    assert any(line.startswith("| ours, format | ") for line in printed)


def test_a_file_without_splits_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bad.jsonl").write_text('{"input": "a", "expected": "b"}')
    with pytest.raises(ValueError, match="every line must be an object with input, expected and split"):
        read_set(tmp_path / "bad.jsonl")
