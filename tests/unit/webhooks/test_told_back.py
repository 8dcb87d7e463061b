"""What a receiver tells back of the request holds no value of the endpoint's own headers."""

import pytest

from burnish_webhooks.core.outcome import Answer, NoResponse, Response
from burnish_webhooks.core.told_back import without_own

pytestmark = pytest.mark.capability("W1")

KEY = 'Bearer s3cret/"quoted"-value'


def answered(snippet: str, **shown: str | None) -> Response:
    return Response(500, {}, snippet, 3, shown)


@pytest.mark.parametrize(
    "told",
    [
        f"Denied: {KEY}!",
        'Denied: s3cret/"quoted"-value!',
        'Denied: s3cret/\\"quoted\\"-value!',
        'Denied: bearer s3cret/"quoted"-value!',
    ],
)
def test_a_value_leaves_the_body_whole_without_its_scheme_and_as_json_writes_it(told: str) -> None:
    kept = without_own(answered(told), [KEY])
    assert isinstance(kept, Response) and "quoted" not in kept.snippet
    assert kept.snippet.startswith("Denied: ") and kept.snippet.endswith("[redacted]!")


def test_a_value_leaves_the_headers_and_hidden_ones_stay_hidden() -> None:
    kept = without_own(answered("", x_echo=f"got {KEY}", x_cut=f"got {KEY[:12]}…", cookie=None, server="nginx"), [KEY])
    assert isinstance(kept, Response)
    assert dict(kept.shown) == {"x_echo": "got [redacted]", "x_cut": "got [redacted]", "cookie": None, "server": "nginx"}


@pytest.mark.parametrize("length", range(4, len(KEY)))
def test_a_value_that_was_cut_at_the_end_leaves_too(length: int) -> None:
    kept = without_own(answered("x" * 50 + KEY[:length]), [KEY])
    assert isinstance(kept, Response) and kept.snippet == "x" * 50 + "[redacted]"


def test_short_values_and_other_texts_stay() -> None:
    kept = without_own(answered("production of v1, done"), ["v1", "prod", "another long value"])
    assert isinstance(kept, Response) and kept.snippet == "production of v1, done"
    nothing: Answer = NoResponse("timeout", 3)
    assert without_own(nothing, [KEY]) is nothing
