"""Programs that DSPy saved, as dspy 3.0.4 writes them (PRODUCT P10)."""

import time
from typing import Any

import pytest

from burnish_gateway.bundle.foreign.draft import Drafts
from burnish_gateway.bundle.foreign.dspy import read

pytestmark = pytest.mark.capability("P10")


def predictor(instructions: str, *fields: tuple[str, str], demos: Any = (), lm: Any = None) -> dict[str, Any]:
    signature = {"instructions": instructions, "fields": [{"prefix": prefix, "description": about} for prefix, about in fields]}
    return {"traces": [], "train": [], "demos": list(demos), "signature": signature, "lm": lm}


def contents(drafts: Drafts) -> dict[str, dict[str, Any]]:
    return {one["slug"]: one["versions"][0]["content"] for one in drafts.bundle()["prompts"]}


TICKET = ("Ticket:", "${ticket}")
TONE = ("Tone:", "how they sound")
REASONING = ("Reasoning: Let's think step by step in order to", "${reasoning}")
QUEUE = ("Queue:", "billing, access or other")


def test_a_chain_of_thought_is_a_prompt_with_examples_and_an_object_as_its_answer() -> None:
    demo = {"ticket": "Braces {{x}}", "tone": "angry", "reasoning": "Money.", "queue": "billing", "augmented": True}
    lm = {"model": "openai/gpt-4o-mini", "model_type": "chat", "cache": True, "temperature": 0.5, "max_tokens": 200, "api_base": "http://h"}
    value = {
        "route.predict": predictor("Route it.", TICKET, TONE, REASONING, QUEUE, demos=[demo, {"ticket": "no answer"}], lm=lm),
        "metadata": {},
    }
    drafts = read(value, model="auto", name="desk")
    content = contents(drafts)["desk"]
    roles = [one["role"] for one in content["messages"]]
    assert roles == ["system", "user", "assistant", "user"]
    system, asked, answered, last = (one["content"] for one in content["messages"])
    assert system.startswith("Route it.") and "- tone: how they sound" in system and "'reasoning', 'queue'" in system
    assert asked == "ticket: Braces {{{{x}}\ntone: angry" and answered == '{"reasoning": "Money.", "queue": "billing"}'
    assert last == "ticket: {{ticket}}\ntone: {{tone}}"
    assert (content["model"], content["temperature"], content["max_tokens"]) == ("gpt-4o-mini", 0.5, 200)
    assert content["json_schema"]["required"] == ["reasoning", "queue"]
    assert drafts.notes.lost == 2 and "api_base" in " ".join(drafts.notes.texts) and "demos[1]" in " ".join(drafts.notes.texts)


def test_one_answer_is_a_text_and_what_is_guessed_is_said() -> None:
    drafts = read(predictor("Route it.", TICKET, TONE, QUEUE, demos=[{"ticket": "Hi", "tone": "calm", "queue": "other"}]), model="m")
    content = contents(drafts)["program"]
    assert content["messages"][2]["content"] == "other" and content["model"] == "m" and "json_schema" not in content
    assert any("the file does not say" in note for note in drafts.notes.texts) and drafts.notes.lost == 0
    assert not read(predictor("Route it.", TICKET, QUEUE), model="m").notes.texts, "of two fields the second is the answer"


def test_instructions_that_dspy_wrote_say_what_is_answered() -> None:
    made = "Given the fields `text2`, produce the fields `summary`, `score`."
    drafts = read({"sum": predictor(made, ("Text 2:", "${text2}"), ("Summary:", "${summary}"), ("Score:", "${score}")),
                   "route.predict": predictor("Route it.", TICKET, QUEUE)}, model="m", name="two")  # fmt: skip
    found = contents(drafts)
    assert set(found) == {"two-sum", "two-route"} and found["two-sum"]["json_schema"]["required"] == ["summary", "score"]
    assert found["two-sum"]["messages"][-1]["content"] == "text2: {{text2}}"
    assert [note for note in drafts.notes.texts if "several predictors" in note]


@pytest.mark.parametrize(
    "value",
    [
        {"a": 5}, {"a": {"signature": 5}}, predictor("x", TICKET), predictor("x", TICKET, TICKET), predictor("x", ("!!!", "odd"), QUEUE),
        {"a": {"signature": {"instructions": None, "fields": []}}},
    ],
)  # fmt: skip
def test_what_is_no_predictor_is_left_out(value: Any) -> None:
    drafts = read(value, model="m")
    assert not drafts.prompts and drafts.notes.lost == 1


@pytest.mark.parametrize("repeated", ["Given the fields `x`, produce the fields `", "Given the fields `"])
def test_no_instructions_take_long_to_read(repeated: str) -> None:
    began = time.process_time()
    read({"route.predict": predictor(repeated * 1_000, TICKET, QUEUE)}, model="auto")
    assert time.process_time() - began < 5, "nobody else is served while one text is matched"
