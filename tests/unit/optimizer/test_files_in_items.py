"""A picture or a PDF in an item: whoever proposes reads its name, and never its bytes."""

import base64
import json

import pytest

from burnish_optimizer.begin_job import _item, example_pool
from burnish_optimizer.core.reflection_request import request_messages
from burnish_optimizer.io.datasets_store import DatasetItem
from burnish_optimizer.search import Guard, Reflection, Task
from burnish_optimizer.search.task import Failure
from burnish_shared.ids import new_uuid

pytestmark = pytest.mark.capability("O2")

SECRET_LIKE = "AKIAABCDEFGHIJKLMNOP"
PICTURE = f"data:image/png;base64,{SECRET_LIKE}/{base64.b64encode(b'pixels' * 20_000).decode()}"


def parts(address: str) -> dict[str, object]:
    """A placeholder's messages, with a file."""
    file = {"filename": "bill.pdf", "file_data": address.replace("image/png", "application/pdf")}
    return {"history": [{"role": "user", "content": [{"type": "text", "text": "Whose bill is it?"}, {"type": "file", "file": file}]}]}


@pytest.mark.parametrize("given", [{"photo": PICTURE, "ticket": "What is broken?"}, parts(PICTURE), f"Look: {PICTURE} and say what it is"])
def test_who_proposes_reads_the_name_of_a_file(given: str | dict[str, object]) -> None:
    item = _item(DatasetItem(new_uuid(), given, "a"))
    text = json.dumps(request_messages(Reflection(0, "Say a or b.", (Failure(item, "b"),), ())))
    assert len(text) < 5_000 and SECRET_LIKE not in text and "omitted:" in text
    assert any(words in text for words in ("What is broken?", "Whose bill is it?", "and say what it is")), "the words beside it stay"
    assert Guard(Task("", (), ())).is_shown_to_proposers(item), "letters of a picture are no secret"


def test_an_item_with_a_file_is_no_example() -> None:
    """Its picture would not stand there."""
    plain = DatasetItem(new_uuid(), {"ticket": "It is late"}, "b")
    assert example_pool([DatasetItem(new_uuid(), {"ticket": "See", "photo": PICTURE}, "a"), plain]) == [
        {"input": "It is late", "expected": "b"}
    ]
