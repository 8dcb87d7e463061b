"""The generated reference says what the code says. After a wanted change: `make snapshots`, and read the difference."""

import json
import re
from collections import Counter

import pytest

from burnish_gateway.describe_routes import BODY_TOO_SLOW
from tests.snapshots.promises import marks
from tests.snapshots.reference import ROOT, outdated

PROMISES = "docs/promises.md"
REFERENCE = ROOT / "docs/reference"


def test_the_generated_reference_is_up_to_date() -> None:
    assert not [one for one in outdated() if one != PROMISES], "run `make snapshots` and commit what it writes"


def test_the_page_of_promises_claims_nothing_that_no_test_proves() -> None:
    """It may lag behind a test that was just added; it may not be ahead of the tests."""
    page = (ROOT / PROMISES).read_text().partition("## Not promised yet")[0]
    proofs = set(marks("promise"))
    claimed = re.findall(r"^\*\*(\S+)\*\*", page, re.MULTILINE)
    assert len(claimed) > 50
    assert not set(claimed) - {promise for promise, _ in proofs}
    assert not {path for path in re.findall(r"\]\(\.\./(tests/[^)]+)\)", page) if not (ROOT / path).exists()}


def test_no_operation_of_openapi_has_a_tag_twice() -> None:
    document = json.loads((REFERENCE / "openapi.json").read_text())
    operations = [one for path in document["paths"].values() for one in path.values() if isinstance(one, dict)]
    assert not [one["operationId"] for one in operations if len(set(one.get("tags", ()))) != len(one.get("tags", ()))]


def test_only_what_reads_a_body_says_that_it_may_be_too_slow() -> None:
    paths = json.loads((REFERENCE / "openapi.json").read_text())["paths"]
    told = {method for path in paths.values() for method, one in path.items() if BODY_TOO_SLOW in one["responses"]}
    assert told == {"post", "put", "patch", "delete"}, "all of these read one, if only for an Idempotency-Key"


def test_every_operation_of_openapi_says_what_it_does_and_how_it_fails() -> None:
    document = json.loads((REFERENCE / "openapi.json").read_text())
    operations = [
        (f"{method} {path}", operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if path.startswith("/v1/")
    ]
    assert len(operations) > 50
    assert not [name for name, operation in operations if not operation.get("summary")]
    assert not [name for name, operation in operations if not {"200", "201", "202", "204", "303"} & set(operation["responses"])]


def test_every_operation_states_who_may_call_it_and_how_to_sign_in() -> None:
    """But for those that sign people in, each route under /v1 needs a caller (tests/security/rules.py says which)."""
    document = json.loads((REFERENCE / "openapi.json").read_text())
    schemes = set(document["components"]["securitySchemes"])
    operations = [
        (f"{method} {path}", operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if path.startswith("/v1/")
    ]
    assert not [name for name, operation in operations if "x-burnish-role" not in operation]
    assert not [name for name, one in operations if one["x-burnish-role"] == "anyone" and not {"sign-in", "inbound"} & set(one["tags"])]
    guarded = [(name, one) for name, one in operations if one["x-burnish-role"] != "anyone"]
    assert not [
        name for name, one in guarded if not {scheme for way in one["security"] for scheme in way} <= schemes or not one["security"]
    ]


def test_generators_of_clients_find_every_schema_and_every_parameter() -> None:
    """openapi-python-client names classes by titles: it left out both of one title, and each operation that used them."""
    document = json.loads((REFERENCE / "openapi.json").read_text())
    titles = [one["title"] for one in document["components"]["schemas"].values() if "title" in one]
    assert len(titles) > 500 and not [title for title, times in Counter(titles).items() if times > 1]
    operations = [one for path in document["paths"].values() for one in path.values()]
    for one in operations:
        names = [re.sub(r"\W", "", parameter["name"]) for parameter in one.get("parameters", ())]
        assert len(set(names)) == len(names), one["operationId"]
    assert all("security" in one for one in operations), "an operation for everybody says so by an empty list"


def test_every_subject_of_a_stream_is_a_channel_that_somebody_sends_to() -> None:
    document = json.loads((REFERENCE / "asyncapi.json").read_text())
    channels = {one["address"]: name for name, one in document["channels"].items()}
    from burnish_shared.streams import ADVISORY, STREAMS

    wanted = {subject for stream in STREAMS if stream is not ADVISORY for subject in stream.subjects}
    assert wanted <= set(channels)
    sent = {one["channel"]["$ref"].rpartition("/")[2] for one in document["operations"].values() if one["action"] == "send"}
    assert {channels[subject] for subject in wanted} <= sent


def test_every_reference_inside_the_documents_leads_somewhere() -> None:
    for name in ("openapi.json", "asyncapi.json"):
        document = json.loads((REFERENCE / name).read_text())
        for reference in _references(document):
            here = document
            for step in reference.removeprefix("#/").split("/"):
                assert step in here, f"{name}: {reference}"
                here = here[step]


@pytest.mark.promise("G-08")
def test_every_error_code_has_one_status() -> None:
    """Of a request, and of an execution that failed: an address that is refused is 422 of the one, 502 of the other."""
    for table in (REFERENCE / "errors.md").read_text().split("## How an execution fails"):
        codes = [line.split("|")[1].strip() for line in table.splitlines() if line.startswith("| `")]
        assert len(codes) > 15 and len(codes) == len(set(codes))


def _references(value: object) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [one for inner in value.values() for one in _references(inner)]
    return [one for inner in value for one in _references(inner)] if isinstance(value, list) else []
