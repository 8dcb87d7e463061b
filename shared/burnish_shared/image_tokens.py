"""What an image costs in tokens, from above: for holds, which must not be too small, by each provider's own rule. Pure.

Rules as their guides told them in November 2026: OpenAI (https://developers.openai.com/api/docs/guides/images-vision), Anthropic
(https://platform.claude.com/docs/en/build-with-claude/vision), Google (https://ai.google.dev/gemini-api/docs/tokens and /media-resolution),
Qwen2.5-VL (its `max_pixels`), Llama 3.2 Vision (1,601 tokens a tile). Where a guide leaves two figures open, the larger one stands here.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from typing import Final

Size = tuple[int, int]
"""Width and height in pixels."""


@dataclass(frozen=True, slots=True)
class Rule:
    """`of`: the tokens of an image by its size; `low`: those at `detail: low`, None where it says nothing; `unknown`: those of one whose
    size is not known, as behind an address."""

    of: Callable[[Size], int]
    unknown: int
    low: int | None = None


def _patches(size: Size, side: int) -> int:
    return ceil(size[0] / side) * ceil(size[1] / side)


def _in_patches(side: int, *, most: int, factor: float = 1.0) -> Rule:
    """One token for each square of so many pixels, as many as `most`; a larger image is made smaller until it fits. `factor`: on top."""
    return Rule(of=lambda size: ceil(min(_patches(size, side), most) * factor), unknown=ceil(most * factor))


TILES_MOST: Final = 8
"""What OpenAI cuts into tiles of 512 px was fitted into 2048 × 2048 and then to 768 px on its short side: 2 × 4 at most."""


def _in_tiles(*, base: int, tile: int) -> Rule:
    return Rule(of=lambda size: base + tile * _tiles(size), unknown=base + tile * TILES_MOST, low=base)


def _tiles(size: Size) -> int:
    fit = min(1.0, 2048 / max(size))
    short = min(size) * fit
    fit *= min(1.0, 768 / short)
    return min(TILES_MOST, ceil(max(1.0, size[0] * fit) / 512) * ceil(max(1.0, size[1] * fit) / 512))


GEMINI_TILE: Final = 258
GEMINI_TILES: Final = 64
"""More than an image of 24 megapixels is cut into."""


def _gemini_tiles(size: Size) -> int:
    """Up to Gemini 2.5: one tile up to 384 px, else tiles of two thirds of the short side, of 256 to 768 px."""
    side = min(768, max(256, int(min(size) / 1.5)))
    return GEMINI_TILE * (1 if max(size) <= 384 else _patches(size, side))


def _always(tokens: int) -> Rule:
    return Rule(of=lambda _: tokens, unknown=tokens)


RULES: Final[tuple[tuple[re.Pattern[str], Rule], ...]] = tuple(
    (re.compile(pattern), rule)
    for pattern, rule in (
        (r"gpt-4o-mini", _in_tiles(base=2833, tile=5667)),
        (r"gpt-(?:4\.1|5)-nano", _in_patches(32, most=1536, factor=2.46)),
        (r"gpt-(?:4\.1|5|5-codex|5\.1-codex)-mini|o4-mini", _in_patches(32, most=1536, factor=1.72)),
        (r"gpt-4|(?:^|[/.:])o[13](?:-|$)|gpt-5(?:\.1)?(?:-chat|-pro|-codex|-20\d\d|$)|computer-use", _in_tiles(base=85, tile=170)),
        (r"(?:^|[/.:])(?:gpt-\d|o\d|codex).*(?:mini|nano)", _in_patches(32, most=10_000, factor=2.46)),
        (r"(?:^|[/.:])(?:gpt-\d|o\d|codex)", _in_patches(32, most=10_000, factor=1.2)),
        (r"claude-3|claude-(?:opus|sonnet|haiku)-4(?:[.-][0-6](?:\D|$)|-20\d{6}|$)", _in_patches(28, most=1568)),
        (r"claude", _in_patches(28, most=4784)),
        (r"gemini-[12]", Rule(of=_gemini_tiles, unknown=GEMINI_TILE * GEMINI_TILES)),
        (r"gemini", _always(2240)),  # the highest resolution that a caller may ask for, whatever the size
        (r"llama-?3[.-]2", _always(4 * 1601)),  # four tiles, to which also a small image may be stretched
        (r"qwen|qvq", _in_patches(28, most=16_384)),
    )
)
"""The first that the provider's name of a model fits. Claude before 4.7 sees up to 1,568 squares, later ones 4,784."""

OTHERS_LEAST: Final = 1500
OTHERS: Final = _in_patches(28, most=6404)
"""Of models that nothing is known of: no fewer than 1,500, as some take the same for any image, and no more than the most of Llama 3.2."""


OPEN: Final = 1500
"""Where it is open which model reads it: about what most take of a large one. Nothing is held by this."""


def tokens_in_image(size: Size | None, *, model: str = "", detail: object = None) -> int:
    """An estimate from above. `size` None: not known. `model`: as its provider calls it, empty where it is open: then OPEN. At least 1."""
    if not model:
        return OPEN
    rule = next((rule for pattern, rule in RULES if pattern.search(model.lower())), None)
    if rule is None:
        return max(OTHERS_LEAST, OTHERS.of(size)) if size is not None else OTHERS.unknown
    if detail == "low" and rule.low is not None:
        return rule.low
    return rule.of(size) if size is not None else rule.unknown
