"""One score of several metrics, candidates that are settings, and texts for several models."""

from typing import Any

import pytest

from burnish_optimizer.core.candidate import SettingsForm, changes_of_several
from burnish_optimizer.core.evidence import Pair, measure
from burnish_optimizer.core.objective import scored
from burnish_optimizer.core.prompt_text import EditablePrompt
from burnish_optimizer.search import document
from burnish_shared.contracts.searches import Metric
from burnish_shared.errors import InvalidField
from burnish_shared.ids import new_uuid

pytestmark = pytest.mark.capability("O2")

METRICS = [
    Metric(metric="accuracy", weight=3),
    Metric(metric="cost", weight=1, zero_at=100),
    Metric(metric="length", at_most=10),
    Metric(metric="toxicity", at_least=0.5),
]


@pytest.mark.parametrize(
    ("values", "score"),
    [
        ({"accuracy": 1.0, "cost": 0.0, "length": 5.0, "toxicity": 1.0}, 1.0),
        ({"accuracy": 1.0, "cost": 50.0, "length": 5.0, "toxicity": 1.0}, 0.875),
        ({"accuracy": 0.0, "cost": 500.0, "length": 5.0, "toxicity": 1.0}, 0.0),
        ({"accuracy": 1.0, "cost": 0.0, "length": 11.0, "toxicity": 1.0}, 0.0),
        ({"accuracy": 1.0, "cost": 0.0, "length": 5.0, "toxicity": 0.4}, 0.0),
        ({"accuracy": None, "cost": 50.0, "length": 5.0, "toxicity": 1.0}, 0.5),
        ({"accuracy": 1.0, "cost": None, "length": None, "toxicity": None}, 1.0),
        ({"accuracy": None, "cost": None, "length": 5.0, "toxicity": 1.0}, None),
    ],
)
def test_what_could_not_be_taken_stands_neither_for_nothing_nor_for_all(values: dict[str, float | None], score: float | None) -> None:
    assert scored(METRICS, values).score == score


def test_scores_in_between_are_measured_by_sign_flips_and_the_same_dice() -> None:
    pairs = [Pair(new_uuid(), "a", 0.2 + 0.01 * n, 0.3 + 0.012 * n, 1, 1) for n in range(40)]
    one, again = measure(pairs, alpha=0.025, look=1), measure(pairs, alpha=0.025, look=1)
    assert one == again and one.proves_a_gain and one.cells.fixed == 40
    assert one.interval.low < one.delta < one.interval.high
    assert not measure([Pair(new_uuid(), "a", 0.5, 0.5, 1, 1)] * 40, alpha=0.025, look=1).proves_a_gain


CONTENT: dict[str, Any] = {
    "messages": [{"role": "system", "content": "Sort it."}],
    "model": "small",
    "temperature": 1.0,
    "tools": [{"type": "function", "function": {"name": "search", "description": "Finds.", "parameters": {}}}],
}


def test_settings_are_asked_with_and_suggested_as_the_same_fields() -> None:
    form = SettingsForm(
        CONTENT, EditablePrompt.of(CONTENT), {"temperature": [0.0], "tools.search": ["Looks it up."], "model": ["large"]}, "small"
    )
    assert form.start == document({"temperature": 1.0, "tools.search": "Finds.", "model": "small"}) and form.changes(form.start) == {
        "tools": CONTENT["tools"]
    }
    chosen = document({"temperature": 0.0, "tools.search": "Looks it up.", "model": "large"})
    changes = form.changes(chosen)
    assert (changes["temperature"], changes["model"]) == (0.0, "large")
    assert changes["tools"][0]["function"] == {"name": "search", "description": "Looks it up.", "parameters": {}}
    asked = form.asked(chosen)
    assert asked.model == "large" and asked.fields["temperature"] == 0.0 and CONTENT["temperature"] == 1.0
    with pytest.raises(InvalidField):
        _ = SettingsForm(CONTENT, EditablePrompt.of(CONTENT), {"tools.other": ["x"]}, "small").start


def test_a_model_that_gained_nothing_keeps_what_it_has_as_a_variant() -> None:
    content = CONTENT | {"variants": [{"model": "kept", "messages": [{"role": "system", "content": "Own."}]}]}
    texts = {"small": [{"role": "system", "content": "Better."}], "large": [{"role": "system", "content": "Sort it."}]}
    changed = changes_of_several(content, texts, own="small")
    assert changed["messages"] == texts["small"]
    assert changed["variants"] == [*content["variants"], {"model": "large", "messages": texts["large"]}]
