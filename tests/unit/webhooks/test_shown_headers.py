"""Headers in the delivery log are bounded, storable and without secrets."""

import json

from burnish_webhooks.core.shown_headers import ALL_MOST_CHARACTERS, HEADERS_MOST, shown_request, shown_response


def test_values_of_an_owner_and_secrets_of_a_receiver_are_hidden() -> None:
    assert shown_request({"webhook-id": "msg_1", "x-team": "desk"}, own={"x-team"}) == {"webhook-id": "msg_1", "x-team": None}
    came = [("Content-Type", "text/html"), ("Set-Cookie", "a=b"), ("Via", "one"), ("via", "two"), ("X-Api-Key", "k")]
    assert shown_response(came) == {"content-type": "text/html", "set-cookie": None, "via": "one, two", "x-api-key": None}


def test_whatever_a_receiver_sends_is_cut_and_can_be_stored() -> None:
    many = shown_response([(f"x-{n}", "v") for n in range(1000)])
    assert len(many) == HEADERS_MOST
    long = shown_response([(f"x-{n}", "v" * 8_000) for n in range(30)])
    assert sum(len(name) + len(value or "") for name, value in long.items()) <= ALL_MOST_CHARACTERS
    assert all(value is not None and value.endswith("…") for value in long.values()) and len(long) > 5
    odd = shown_response([("x-\x00odd", "\x00\udcff")])
    assert "\x00" not in "".join([*odd, *map(str, odd.values())]) and json.dumps(odd).encode()
