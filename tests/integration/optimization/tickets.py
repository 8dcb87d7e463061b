"""A small support desk, made up from cue words: enough for a search to find something, little enough for seconds."""

import random
from typing import Any

CUES = {
    "billing": ("invoice", "charged", "refund", "receipt", "payment", "price"),
    "shipping": ("parcel", "courier", "tracking", "delivery", "package", "dispatch"),
    "access": ("password", "login", "locked", "verify", "username", "signin"),
    "hardware": ("screen", "battery", "cable", "charger", "keyboard", "speaker"),
}
FRAMES = (
    "hello there {a} trouble since monday",
    "{a} looks strange, could somebody check",
    "something about {a} and also {b}",
    "nothing works with {a} any more",
    "asking again regarding {a}, {b} too",
    "{a} {b} since yesterday evening",
)
WEAK = "Sort the ticket into one of: billing, shipping, access, hardware"

STRONG = "\n".join(
    [WEAK, "Answer with the name of the queue only, nothing else.", *(f"- {queue}: {', '.join(cues)}" for queue, cues in CUES.items())]
)


def tickets(*, train: int = 20, validation: int = 10, test: int = 24, seed: int = 5) -> list[dict[str, Any]]:
    """So many tickets a queue and split; each of them once."""
    rng = random.Random(seed)
    items: dict[str, dict[str, Any]] = {}
    for split, count in (("train", train), ("validation", validation), ("test", test)):
        for queue, cues in CUES.items():
            made = 0
            while made < count:
                a, b = rng.choices(cues, weights=(6, 5, 4, 3, 2, 1), k=2)
                text = f"{rng.choice(FRAMES).format(a=a, b=b)} {rng.randrange(10, 99)}"
                if text not in items:
                    items[text] = {"input": text, "expected": queue, "split": split}
                    made += 1
    return list(items.values())
