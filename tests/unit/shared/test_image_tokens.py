"""What an image costs, from above: by its size, which its first bytes say, and by the rule of who reads it (PROMISES C-03)."""

import base64
import struct
from typing import Any
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnish_shared.image_size import SEGMENTS_MOST, size_of
from burnish_shared.image_tokens import OTHERS, OTHERS_LEAST, RULES, tokens_in_image
from burnish_shared.tokens import input_tokens_of

pytestmark = pytest.mark.promise("C-03")


def url(file: bytes, kind: str = "png") -> str:
    return f"data:image/{kind};base64,{base64.b64encode(file).decode()}"


def png(width: int, height: int) -> bytes:
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + head + struct.pack(">I", crc32(head)) + b"\x00" * 100


def gif(width: int, height: int) -> bytes:
    return b"GIF89a" + struct.pack("<HH", width, height) + b"\x00" * 20


def webp(kind: bytes, body: bytes) -> bytes:
    chunk = kind + struct.pack("<I", len(body)) + body + b"\x00" * 20
    return b"RIFF" + struct.pack("<I", len(chunk) + 4) + b"WEBP" + chunk


def lossy(width: int, height: int) -> bytes:
    return webp(b"VP8 ", b"\x00\x00\x00\x9d\x01\x2a" + struct.pack("<HH", width, height))


def lossless(width: int, height: int) -> bytes:
    return webp(b"VP8L", b"\x2f" + struct.pack("<I", (width - 1) | (height - 1) << 14))


def extended(width: int, height: int) -> bytes:
    return webp(b"VP8X", b"\x10\x00\x00\x00" + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little"))


def segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def jpeg(width: int, height: int, *, before: bytes = b"", frame: int = 0xC0) -> bytes:
    seen = segment(frame, struct.pack(">BHHB", 8, height, width, 3) + b"\x01\x11\x00" * 3)
    return b"\xff\xd8" + segment(0xE0, b"JFIF\x00" + b"\x00" * 9) + before + seen + segment(0xDA, b"\x00" * 10) + b"\x12" * 50


sizes = st.tuples(st.integers(1, 16_383), st.integers(1, 16_383))


@pytest.mark.parametrize("make", [png, gif, lossy, lossless, extended, jpeg])
@given(size=sizes)
def test_the_size_of_an_image_is_what_its_file_says(make: Any, size: tuple[int, int]) -> None:
    assert size_of(url(make(*size))) == size


@given(size=sizes, frame=st.sampled_from([0xC0, 0xC1, 0xC2, 0xC3, 0xC9, 0xCA]))
def test_a_jpegs_size_stands_behind_what_it_says_of_itself_and_its_small_picture(size: tuple[int, int], frame: int) -> None:
    exif = segment(0xE1, b"Exif\x00\x00" + jpeg(160, 120) + b"\x00" * 40_000)
    colours = b"".join(segment(0xE2, b"ICC_PROFILE\x00" + b"\x07" * 60_000) for _ in range(3))
    assert size_of(url(jpeg(*size, before=exif + colours + b"\xff" + segment(0xC4, b"\x00" * 30), frame=frame), "jpeg")) == size


@pytest.mark.parametrize(
    "given_url",
    [
        "", "https://example.com/a.png", "data:image/png;base64,", "data:image/png;base64,!!!!", "data:image/png,abc",
        "data:text/plain;base64,AAAA",
        url(b"<svg/>", "svg+xml"), url(png(0, 10)), url(png(10, 2**31)), url(png(10, 10)[:20]), url(jpeg(0, 0)), url(b"\xff\xd8\xff"),
        url(b"\xff\xd8" + b"\xff" * 300_000), url(b"\xff\xd8" + segment(0xE1, b"") * (SEGMENTS_MOST + 1) + jpeg(9, 9)[2:]),
        url(b"\xff\xd8\xff\xda" + jpeg(9, 9)), url(webp(b"VP8 ", b"\x00" * 20)), url(webp(b"ALPH", b"\x00" * 20)),
    ],
)  # fmt: skip
def test_what_is_no_image_that_we_know_has_no_size(given_url: str) -> None:
    assert size_of(given_url) is None


@given(file=st.binary(max_size=200), start=st.sampled_from([b"", b"\xff\xd8", b"\x89PNG\r\n\x1a\n", b"RIFF0000WEBPVP8L", b"GIF89a"]))
def test_any_bytes_may_come(file: bytes, start: bytes) -> None:
    found = size_of(url(start + file))
    assert found is None or min(found) > 0


@given(text=st.text(max_size=100))
def test_any_address_may_come(text: str) -> None:
    size_of(text)
    size_of("data:image/png;base64," + text)


PUBLISHED = [
    ("gpt-4o", (1024, 1024), None, 765),
    ("gpt-4o-2024-08-06", (2048, 4096), None, 1105),
    ("openai/gpt-4.1", (4096, 8192), "low", 85),
    ("gpt-4o-mini", (1024, 1024), None, 2833 + 4 * 5667),
    ("gpt-4o-mini", (4096, 8192), "low", 2833),
    ("o1", (512, 512), None, 75 + 150),
    ("gpt-5", (1024, 1024), "high", 70 + 4 * 140),
    ("gpt-4.1-mini", (1024, 1024), None, 1659),
    ("gpt-4.1-nano", (1800, 2400), None, 3572),
    ("o4-mini", (1024, 1024), None, 1762),
    ("gpt-5.6", (1024, 1024), None, 1229),
    ("claude-sonnet-4-5-20250929", (1920, 1080), None, 1560),
    ("claude-opus-4-20250514", (3840, 2160), None, 1560),
    ("anthropic/claude-opus-4.7", (1920, 1080), None, 2691),
    ("claude-opus-4-7", (3840, 2160), None, 4784),
    ("claude-sonnet-5", (4032, 3024), None, 4740),
    ("gemini-2.5-flash", (384, 384), None, 258),
    ("gemini-2.0-flash", (960, 540), None, 6 * 258),
    ("gemini-3-pro", (1920, 1080), None, 1120),
    ("meta-llama/Llama-3.2-11B-Vision", (560, 560), None, 1601),
    ("qwen2.5-vl-72b-instruct", (1092, 1092), None, 1521),
]
"""(model, size, detail, tokens): examples of the guides that `image_tokens` names, and what follows from their tables."""


@pytest.mark.parametrize("model, size, detail, tokens", PUBLISHED)
def test_no_image_costs_more_than_is_counted(model: str, size: tuple[int, int], detail: str | None, tokens: int) -> None:
    counted = tokens_in_image(size, model=model, detail=detail)
    assert tokens <= counted, "a hold would be too small"
    assert counted <= tokens_in_image(None, model=model, detail=detail), (
        "an image of any size fits what is counted for one that nobody knows"
    )


@pytest.mark.parametrize("model, size, detail, tokens", [one for one in PUBLISHED if not one[0].startswith(("gemini-3", "meta"))])
def test_what_is_counted_is_near_what_is_billed(model: str, size: tuple[int, int], detail: str | None, tokens: int) -> None:
    assert tokens_in_image(size, model=model, detail=detail) <= tokens * 1.3


@given(size=sizes, model=st.sampled_from(["gpt-4o", "gpt-4o-mini", "gpt-5-mini", "gpt-6", "claude-opus-4-7", "qwen-vl", ""]))
def test_more_is_never_counted_than_for_an_image_that_nobody_knows(size: tuple[int, int], model: str) -> None:
    assert 1 <= tokens_in_image(size, model=model) <= tokens_in_image(None, model=model)
    assert tokens_in_image(size, model=model) == tokens_in_image(size[::-1], model=model), "turned or not is the same"


@given(size=sizes)
def test_of_a_model_that_nobody_knows_no_small_image_is_cheap(size: tuple[int, int]) -> None:
    assert OTHERS_LEAST <= tokens_in_image(size, model="somebodys-own") <= OTHERS.unknown


def test_a_rule_of_a_smaller_model_stands_before_that_of_its_family() -> None:
    first = {model: next(n for n, (pattern, _) in enumerate(RULES) if pattern.search(model)) for model, *_ in PUBLISHED if "/" not in model}
    assert first["gpt-4o-mini"] < first["gpt-4.1-nano"] < first["gpt-4.1-mini"] == first["o4-mini"] < first["gpt-4o"] < first["gpt-5.6"]


@pytest.mark.capability("E1")
def test_a_call_is_counted_by_the_model_that_reads_it() -> None:
    def counted(model: str, **image: str) -> int:
        part = {"type": "image_url", "image_url": {"url": url(png(1024, 1024)), **image}}
        return input_tokens_of([{"role": "user", "content": [part]}], {}, model=model)

    assert counted("gpt-4o-mini") - counted("gpt-4o") == 2833 + 4 * 5667 - 85 - 4 * 170
    assert counted("gpt-4o-mini") - counted("gpt-4o-mini", detail="low") > 4 * 5667 - 20
    assert counted("claude-opus-4-7") - counted("gpt-4o") == 37 * 37 - 765
