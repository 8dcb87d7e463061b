"""JSON Schemas of a version, when it is saved: what is wrong with them is named, and nothing that they name is fetched."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from burnish_gateway.registry.field_checks import check_schema
from burnish_shared.errors import InvalidField


class MetaSchemas(ThreadingHTTPServer):
    """Serves a meta-schema at every path, and remembers who asked."""

    asked: list[str]


class _Answer(BaseHTTPRequestHandler):
    server: MetaSchemas

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"type": "object"}')

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def inside() -> Iterator[MetaSchemas]:
    server = MetaSchemas(("127.0.0.1", 0), _Answer)
    server.asked = []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.capability("P1", "E11")
@pytest.mark.promise("E-13")
@pytest.mark.parametrize("is_looked_at", [False, True])
def test_no_address_in_a_schema_is_ever_called(inside: MetaSchemas, is_looked_at: bool) -> None:
    address = f"http://127.0.0.1:{inside.server_port}/meta"
    for schema in ({"$schema": address, "type": "object"}, {"$schema": "file:///etc/hostname"}, {"$schema": "no address"}, {"$schema": ""}):
        with pytest.raises(InvalidField, match=r"its \$schema is no draft of json-schema\.org") as refused:
            check_schema(schema, param="json_schema", is_looked_at=is_looked_at)
        assert refused.value.param == "json_schema"
    nested = {"type": "object", "properties": {"a": {"$id": "urn:a", "$schema": address}}}
    check_schema(nested, param="json_schema", is_looked_at=is_looked_at)
    assert inside.asked == []


@pytest.mark.capability("P1", "E11")
@pytest.mark.parametrize(
    "draft",
    ["https://json-schema.org/draft/2020-12/schema", "http://json-schema.org/draft-07/schema#", "http://json-schema.org/draft-04/schema#"],
)
def test_the_drafts_of_json_schema_are_known(draft: str) -> None:
    check_schema({"$schema": draft, "type": "object"}, param="json_schema", is_looked_at=True)


@pytest.mark.capability("P1", "E11")
@pytest.mark.parametrize(
    ("schema", "place"),
    [
        ({"type": "wat"}, "/type"),
        ({"properties": {"a": {"required": "b"}}}, "/properties/a/required"),
        ({"items": {"properties": {"größe": {"minLength": -1}}}}, "/items/properties/größe/minLength"),
    ],
)
def test_what_is_no_schema_says_where(schema: dict[str, Any], place: str) -> None:
    with pytest.raises(InvalidField, match=f"'json_schema' is no valid JSON Schema: {place} is wrong"):
        check_schema(schema, param="json_schema")
