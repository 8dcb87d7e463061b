"""How long the finder of phone numbers takes for tables of figures: `python -m benchmarks.guardrails.tables`.

Prints seconds of a core for each MB, the least of five, and how many were found. The tables are drawn with a fixed seed.
"""

import random
import time
from collections.abc import Callable
from typing import Final

from burnish_shared.guarding.phones import find_phones

SIZE: Final = 1_000_000
TIMES: Final = 5


def _three(dice: random.Random) -> str:
    return str(dice.randint(100, 999))


CELLS: Final[dict[str, tuple[Callable[[random.Random], str], str]]] = {
    "whole numbers, commas": (lambda dice: str(dice.randint(0, 10**6)), ","),
    "fractions, commas": (lambda dice: f"{dice.uniform(-1000, 1000):.4f}", ","),
    "500 to 999, blanks": (lambda dice: str(dice.randint(500, 999)), " "),
    "100 to 999, blanks": (_three, " "),
    "five figures, blanks": (lambda dice: str(dice.randint(60_000, 99_999)), " "),
    "0d dd, blanks": (lambda dice: f"0{dice.randint(1, 9)} {dice.randint(10, 99)}", " "),
    "ddd-ddd-ddd, commas": (lambda dice: "-".join(_three(dice) for _ in range(3)), ","),
    "ddd ddd ddd EUR, commas": (lambda dice: " ".join(_three(dice) for _ in range(3)) + " EUR", ","),
    "order ddd ddd ddd, commas": (lambda dice: "order " + " ".join(_three(dice) for _ in range(3)), ","),
    "phone numbers, commas": (lambda dice: f"{dice.randint(200, 999)}.{_three(dice)}.{dice.randint(1000, 9999)}", ","),
}


def table_of(cell: Callable[[random.Random], str], parts: str) -> bytes:
    """Rows of ten cells, a MB of them."""
    dice, rows, size = random.Random(7), [], 0
    while size < SIZE:
        rows.append(parts.join(cell(dice) for _ in range(10)))
        size += len(rows[-1]) + 1
    return "\n".join(rows).encode()[:SIZE]


def main() -> None:
    for name, (cell, parts) in CELLS.items():
        raw, least, found = table_of(cell, parts), 60.0, 0
        for _ in range(TIMES):
            began_at = time.process_time()
            found = sum(1 for _ in find_phones(raw))
            least = min(least, time.process_time() - began_at)
        print(f"{name:28s} {least:6.3f} s/MB  {found:6d} found", flush=True)


if __name__ == "__main__":
    main()
