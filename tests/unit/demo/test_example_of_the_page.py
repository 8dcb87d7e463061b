"""What the page offers to try things with is what the demo drives: its tickets, and its weak prompt as one text."""

import json
from pathlib import Path

import pytest

import burnish
from burnish_shared.samples import support_tickets

pytestmark = pytest.mark.capability("U1")

ROOT = Path(__file__).resolve().parents[3]
DATA = Path(burnish.__file__).parent / "demo" / "data"


def test_the_example_tickets_are_the_demos() -> None:
    offered = ROOT / "web" / "public" / "examples" / "support-tickets.txt"
    assert offered.read_bytes() == support_tickets()


def test_the_example_prompt_says_what_the_demos_weak_one_says() -> None:
    weak = json.loads((DATA / "weak_prompt.json").read_text("utf-8"))
    form = (ROOT / "web" / "src" / "pages" / "prompts" / "NewPrompt.tsx").read_text("utf-8")
    assert weak["messages"][0]["content"] in form
    assert f'model: "{weak["model"]}"' in form and "{{ticket}}" in form
