"""Which part of a conversation is instruction, and which is the text to be judged."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnish_simulator.reader.conversation import Message, Task, find_task

pytestmark = pytest.mark.capability("E4")

RULES = "Choose one of: billing, shipping\n- billing: invoices"


@pytest.mark.parametrize(
    ("messages", "task"),
    [
        ([("system", RULES), ("user", "My parcel is late.")], Task(RULES, "My parcel is late.")),
        ([("developer", RULES), ("user", "One.\n\nTwo.")], Task(RULES, "One.\n\nTwo.")),
        ([("system", RULES), ("user", "Ticket: My parcel is late.")], Task(RULES, "My parcel is late.")),
        ([("system", "Be kind."), ("user", f"{RULES}\nTicket: Late.\nQueue:")], Task(f"Be kind.\n{RULES}", "Late.")),
        ([("user", f"{RULES}\n\nMy parcel is late.")], Task(RULES, "My parcel is late.")),
        ([("user", f"{RULES}\nMessage: One.\nTwo.\n\nAnswer with only the name.")],
         Task(f"{RULES}\nAnswer with only the name.", "One.\nTwo.")),
        ([("user", f"{RULES}\n<ticket>Input: odd</ticket>\nAnswer with just the name.")],
         Task(f"{RULES}\nAnswer with just the name.", "Input: odd")),
        ([("user", f'{RULES}\n"""My parcel is late."""')], Task(RULES, "My parcel is late.")),
        ([("user", "My parcel is late.")], Task("", "My parcel is late.")),
        ([("system", RULES)], Task(RULES, "")),
        (
            [("system", RULES), ("user", "A bill\nfor two"), ("assistant", "billing"), ("user", "Late.")],
            Task(f"{RULES}\nInput: A bill for two\nLabel: billing", "Late."),
        ),
    ],
)  # fmt: skip
def test_the_text_is_what_is_marked_else_what_the_user_wrote(messages: list[tuple[str, str]], task: Task) -> None:
    assert find_task([Message(role, text) for role, text in messages]) == task


@given(st.lists(st.tuples(st.sampled_from(["system", "user", "assistant", "tool"]), st.text(max_size=200)), max_size=6))
def test_no_conversation_is_too_odd(messages: list[tuple[str, str]]) -> None:
    task = find_task([Message(role, text) for role, text in messages])
    assert isinstance(task.text, str) and isinstance(task.instructions, str)
