"""How much an export holds, counted before anything is made of it: a body of few bytes can hold millions of empty parts. Pure."""

from collections.abc import Iterator
from functools import cache
from typing import Final

from google.protobuf.descriptor import Descriptor
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ScopeSpans

from burnish_shared.errors import InvalidBody, PayloadTooLarge

SPANS_MOST: Final = 20_000
"""Spans of one export, calls of models or not. Exporters send 512 at once if they are not told otherwise."""

PARTS_MOST: Final = 500_000
"""Spans, attributes, values, events and links of one export together; brackets of one in JSON. Each takes up to 100 bytes of memory."""

VARINT, FIXED64, NESTED, FIXED32 = 0, 1, 2, 5
VARINT_MOST_BITS: Final = 63

_REQUEST: Final = ExportTraceServiceRequest.DESCRIPTOR
_SCOPE_SPANS: Final = ScopeSpans.DESCRIPTOR.full_name
SPANS_FIELD: Final = ScopeSpans.SPANS_FIELD_NUMBER


def check_count(raw: bytes) -> None:
    """Walks over an ExportTraceServiceRequest in protobuf, about a million parts a second.

    Raises PayloadTooLarge beyond SPANS_MOST or PARTS_MOST, InvalidBody for what is no protobuf.
    """
    parts = spans = 0
    waiting: list[tuple[int, int, Descriptor]] = [(0, len(raw), _REQUEST)]
    while waiting:
        at, end, kind = waiting.pop()
        counted, is_scope = _counted(kind), kind.full_name == _SCOPE_SPANS
        while at < end:
            tag, at = (raw[at], at + 1) if raw[at] < 0x80 else _varint(raw, at)  # nearly all are of one byte, and calls cost
            if tag & 7 == NESTED and at < end:
                length, at = (raw[at], at + 1) if raw[at] < 0x80 else _varint(raw, at)
            else:
                length, at = _length(raw, at, wire_type=tag & 7)
            if (number := tag >> 3) in counted:
                parts += 1
                spans += is_scope and number == SPANS_FIELD
                if spans > SPANS_MOST:
                    raise too_many_spans()
                if parts > PARTS_MOST:
                    raise too_many_parts()
                if length and tag & 7 == NESTED and (nested := counted[number]) is not None:
                    waiting.append((at, at + length, nested))
            at += length
        if at != end:
            raise cut_off()


def parts(raw: bytes, field: int) -> Iterator[bytes]:
    """What stands in one field of a message, of which `check_count` found that it is one, each time that the field does."""
    at = 0
    while at < len(raw):
        tag, at = _varint(raw, at)
        length, at = _varint(raw, at) if tag & 7 == NESTED else _length(raw, at, wire_type=tag & 7)
        if tag >> 3 == field and tag & 7 == NESTED:
            yield raw[at : at + length]
        at += length


def check_brackets(raw: bytes) -> None:
    """The same for JSON, before it is read. Brackets within texts count too."""
    if raw.count(b"{") + raw.count(b"[") > PARTS_MOST:
        raise too_many_parts()


def too_many_spans() -> PayloadTooLarge:
    return PayloadTooLarge(f"The export has more than {SPANS_MOST} spans; send less at once.")


def too_many_parts() -> PayloadTooLarge:
    return PayloadTooLarge(f"The export has more than {PARTS_MOST} attributes, values, events and links; send less at once.")


def cut_off() -> InvalidBody:
    return InvalidBody("The body is no ExportTraceServiceRequest in protobuf.")


@cache
def _counted(kind: Descriptor) -> dict[int, Descriptor | None]:
    """Fields by number whose values take more memory than bytes on the wire: messages (which), and what is repeated (None)."""
    return {one.number: one.message_type for one in kind.fields if one.message_type is not None or one.is_repeated}


def _length(raw: bytes, at: int, *, wire_type: int) -> tuple[int, int]:
    """How long the value is, and where it begins. Groups, which nobody sends any more, are no length: InvalidBody."""
    if wire_type == VARINT:
        return 0, _varint(raw, at)[1]
    if wire_type in (FIXED64, FIXED32):
        return 8 if wire_type == FIXED64 else 4, at
    raise cut_off()


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    """The number, and where the next value begins."""
    value = shift = 0
    while at < len(raw) and shift <= VARINT_MOST_BITS:
        byte = raw[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise cut_off()
