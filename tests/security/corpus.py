"""Bad input: what breaks parsers, databases and people's assumptions (JSON test suites, naughty strings, our own traps)."""

from typing import Any

DEEP = b'{"a":' * 200 + b"1" + b"}" * 200

RAW_BODIES: dict[str, bytes] = {
    "empty": b"",
    "blank": b"  \n",
    "null": b"null",
    "number": b"7",
    "string": b'"text"',
    "list": b"[1, 2]",
    "empty object": b"{}",
    "nested 200 deep": DEEP,
    "nested 100,000 deep": b"[" * 100_000,
    "a number of 5,000 digits": b'{"a": ' + b"9" * 5_000 + b"}",
    "2^63": b'{"a": 9223372036854775808}',
    "NaN": b'{"a": NaN}',
    "Infinity": b'{"a": -Infinity}',
    "1e400": b'{"a": 1e400}',
    "U+0000": b'{"a": "x\\u0000y"}',
    "U+0000 in a key": b'{"x\\u0000y": 1}',
    "a raw NUL": b'{"a": "x\x00y"}',
    "a lone surrogate": b'{"a": "\\ud800"}',
    "a raw surrogate": b'{"a": "\xed\xa0\x80"}',
    "the same key twice": b'{"a": 1, "a": 2}',
    "byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "no UTF-8": b'{"a": "\xff\xfe"}',
    "overlong UTF-8": b'{"a": "\xc0\xaf"}',
    "garbage behind": b'{"a": 1} and more',
    "two objects": b'{"a": 1}{"a": 2}',
    "cut off": b'{"a": "tex',
    "a comment": b'{"a": 1 /* one */}',
    "a trailing comma": b'{"a": 1,}',
    "single quotes": b"{'a': 1}",
    "__proto__": b'{"__proto__": {"admin": true}, "constructor": {"prototype": 1}}',
    "20,000 keys": b"{" + b",".join(b'"k%d":1' % n for n in range(20_000)) + b"}",
    "a form": b"a=1&b=2",
    "XML": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
    "a megabyte": b'{"a": "' + b"x" * (1 << 20) + b'"}',
}
"""Bodies that no route's schema asks for."""

TEXTS = [
    "",
    "x" * 20_000,
    "\u202e\u200b\u2066right to left",
    "Ω≈ç√∫˜µ≤≥÷ 田中さん 🏳️‍🌈 A\u030a \u00c5 \ufffe\uffff",
    "0000-00-00T00:00:00Z",
    "9999-12-31T23:59:60Z",
    "../../../../etc/passwd",
    "'; DROP TABLE prompts; --",
    "${7*7}{{7*7}}{% raw",
    "{{#if",
    "{{> a@b}}",
    "<script>alert(1)</script>",
    "\r\nset-cookie: a=b%00%0d%0a",
    "burnish.v1.>",
    "http://169.254.169.254/latest",
    "burnish::prompt::a@@b",
]

VALUES: list[Any] = [
    None,
    True,
    -1,
    1e308,
    2**31,
    2**63 - 1,
    [],
    {},
    [{}],
    [1] * 2_000,
    {"": ""},
    {"a": {"b": [{}]}},
    {"__class__": {"$ref": "https://example.com/x"}, "type": 7},
    *TEXTS,
]
"""What stands where something else is wanted."""

SHORT_VALUES: list[Any] = [None, True, -1, 2**31, 2**63 - 1, "x" * 20_000, "{{#if", [], {"a": [None]}]
"""Where there are many places."""

FEW_VALUES: list[Any] = [None, 2**63 - 1, "x" * 20_000, {"a": [None]}]
"""Where there are hundreds, read by the code that has seen the others elsewhere."""

FEW_IN_A_PATH = ["a%00b", "..%2f..%2fetc%2fpasswd", "x" * 3_000, "%ff"]
FEW_IN_A_QUERY = ["a%00b", "-1", "x" * 3_000, "9223372036854775808"]

IN_A_PATH = [
    "a%00b",
    "..%2f..%2fetc%2fpasswd",
    "..",
    "%ff",
    "%ed%a0%80",
    "x" * 3_000,
    "-1",
    "99999999999999999999",
    "a.b.c",
    "%0d%0aset-cookie:%20a=b",
    "%27%3b--",
    "%F0%9F%94%A5",
    "00000000-0000-0000-0000-000000000000",
    "msg__",
]

IN_A_QUERY = [
    "",
    "a%00b",
    "%ff",
    "x" * 3_000,
    "-1",
    "1.5",
    "2147483648",
    "9223372036854775808",
    "0001-01-01T00:00:00%2B14:00",
    "9999-12-31T23:59:59-12:00",
]

HEADERS: list[dict[str, str]] = [
    {"content-type": "text/plain"},
    {"content-type": "application/json; charset=utf-16"},
    {"content-type": "multipart/form-data; boundary=x"},
    {"content-type": "application/x-www-form-urlencoded"},
    {"content-type": "application/xml"},
    {"content-type": ";;;"},
    {"content-type": "text/csv"},
    {"content-type": "application/x-ndjson"},
    {"content-encoding": "gzip"},
    {"content-encoding": "br, gzip"},
    {"idempotency-key": ""},
    {"idempotency-key": "x" * 256},
    {"idempotency-key": "ключ"},
    {"idempotency-key": "a b"},
    {"x-request-id": "x" * 10_000},
    {"x-request-id": "../../etc"},
    {"traceparent": "00-" + "z" * 32 + "-xx-01"},
    {"traceparent": "x" * 5_000},
    {"accept": "image/png;q=ü"},
    {"if-none-match": '"x", W/"'},
    {"range": "bytes=0-1,5-2"},
    {"expect": "200-maybe"},
    {"x-forwarded-for": "127.0.0.1, ::1"},
    {"x-http-method-override": "DELETE"},
]

KEYS = [
    "",
    "x",
    "bk_live_",
    "bk_live_aaaaaaaa_bbbb_cccccc",
    "bk_live_" + "a" * 10_000,
    "Bearer Bearer",
    "null",
    "bk_live_ÄÖÜ",
    "sk-1234",
    "bk_live_a_b_c_d_e",
]
"""Keys that are none."""

MASS_ASSIGNMENT: dict[str, Any] = {
    "workspace_id": "00000000-0000-0000-0000-000000000001",
    "organization_id": "00000000-0000-0000-0000-000000000001",
    "role": "admin",
    "balance": 10**12,
    "balance_nusd": 10**12,
    "cost_nusd": 0,
    "is_admin": True,
    "scopes": ["*"],
    "created_by": "somebody",
    "id": "00000000-0000-0000-0000-000000000001",
}
"""Fields that a body must not set (OWASP API3:2023)."""

INNER_URLS = [
    "http://10.0.0.1/v1",
    "http://192.168.1.1/v1",
    "http://169.254.169.254/latest/meta-data",
    "http://[::ffff:10.0.0.1]/v1",
    "http://[64:ff9b::a00:1]/v1",
    "http://[fd00:ec2::254]/v1",
    "http://[fe80::1%25eth0]/v1",
    "http://0x0a.0.0.1/v1",
    "http://167772161/v1",
    "http://012.0.0.1/v1",
    "http://168.63.129.16/v1",
    "http://100.100.100.200/v1",
    "http://a@10.0.0.1/v1",
    "gopher://10.0.0.1/v1",
    "file:///etc/passwd",
    "https://10.0.0.1:5432/v1",
]
"""Addresses that nobody outside may make us call (PROMISES 4.4; the guard's own tests hold the long list)."""
