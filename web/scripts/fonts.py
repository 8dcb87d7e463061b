#!/usr/bin/env python3
"""Makes the fonts of src/styles/fonts out of those in node_modules: what the page shows at first, as small as it can be.

`pip install fonttools brotli && python scripts/fonts.py`, after a new version of a font. What it makes is in git: a build needs none of it.
Each font becomes two files: letters, digits and signs of English text, and the rest of the Latin letters, which browsers load where a text
has one of them (unicode-range in app.css). Weights are cut to those that the page uses, features to those that it asks for.
"""

from io import BytesIO
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from fontTools.varLib.instancer import instantiateVariableFont

WEB = Path(__file__).resolve().parents[1]
OUT = WEB / "src" / "styles" / "fonts"
WEIGHTS = (400, 600)

CORE = [
    *range(0x20, 0x7F), 0xA0, 0xB0, 0xB1, 0xB7, 0xD7, 0x2009, 0x202F, 0x2013, 0x2014, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2026,
    0x20AC, 0x2190, 0x2191, 0x2192, 0x2193, 0x2212, 0x2248, 0x2264, 0x2265,
]  # fmt: skip
"""English text and the signs of the page's own words. The same list, as ranges, stands in app.css."""

FONTS = {
    "inter": (
        "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2",
        ["kern", "mark", "mkmk", "ccmp", "locl", "tnum", "lnum", "cv05", "ss03"],
    ),
    "jetbrains-mono": (
        "@fontsource-variable/jetbrains-mono/files/jetbrains-mono-latin-wght-normal.woff2",
        ["mark", "mkmk", "ccmp", "locl"],
    ),
}


def main() -> None:
    OUT.mkdir(exist_ok=True)
    for name, (source, features) in FONTS.items():
        path = WEB / "node_modules" / source
        known = set(TTFont(path).getBestCmap())
        for part, letters in (("core", known & set(CORE)), ("rest", known - set(CORE))):
            made = _subset(path, letters, features)
            (OUT / f"{name}-{part}.woff2").write_bytes(made)
            print(f"{name}-{part}: {len(letters)} letters, {len(made):,} bytes")


def _subset(path: Path, letters: set[int], features: list[str]) -> bytes:
    narrowed = BytesIO()
    instantiateVariableFont(TTFont(path), {"wght": WEIGHTS}).save(narrowed)
    font = TTFont(narrowed)
    options = Options()
    options.flavor, options.layout_features, options.hinting, options.notdef_outline = "woff2", features, False, True
    options.name_IDs, options.recalc_timestamp = [0, 1, 2, 3, 4, 5, 6, 13, 14], False
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=letters)
    subsetter.subset(font)
    font.flavor = "woff2"
    written = BytesIO()
    font.save(written)
    return written.getvalue()


if __name__ == "__main__":
    main()
