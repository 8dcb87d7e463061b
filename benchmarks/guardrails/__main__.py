"""What each check costs, on one core: microseconds for a prompt of 2 KB, and for an answer of 1 KB in 30 pieces."""

import asyncio
import json
import os
import platform
import time
from collections.abc import Callable
from uuid import UUID

from burnish_shared.contracts.guardrails import (
    Deny,
    GuardrailSettings,
    Injection,
    Language,
    Masking,
    OwnPattern,
    PersonalData,
    Secrets,
    Size,
)
from burnish_shared.db.config_cache import ChangeFeed, ConfigCache
from burnish_shared.guarding.masks import Masks, blotted
from burnish_shared.guarding.outgoing import Outgoing
from burnish_shared.guarding.rules import NONE, Rule, Rules, rule_of, stored_finders
from burnish_shared.guarding.spans import to_bytes
from burnish_shared.ids import new_uuid
from burnish_shared.schema_check import SchemaCheck

ROUNDS = 2_000

PROSE = (
    "Our customer writes that the parcel of order 20631 came two days late, that the box was open, and that one of the three lamps is "
    "missing. She would like to have the lamp sent again, or her money back, and asks how long that takes. "
)
PROMPT = (PROSE * 9)[:1900] + "Her address is ann.lee@example.com, her number +49 30 1234567, IBAN DE89 3704 0044 0532 0130 00."
ANSWER = (PROSE * 5)[:1000]
PIECES = [ANSWER[at : at + 34] for at in range(0, len(ANSWER), 34)]

RULES: dict[str, GuardrailSettings] = {
    "personal_data": PersonalData(kind="personal_data"),
    "personal_data, one own pattern": PersonalData(
        kind="personal_data", kinds=[], patterns=[OwnPattern(name="order", pattern=r"\bO-[0-9]{6}")]
    ),
    "secrets": Secrets(kind="secrets"),
    "deny, 100 phrases": Deny(kind="deny", phrases=[f"word{n} and more" for n in range(100)]),
    "injection": Injection(kind="injection"),
    "size": Size(kind="size", most_characters=100_000),
    "language": Language(kind="language", languages=["en"]),
}

SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "inhabitants": {"type": "integer"}, "tags": {"type": "array", "items": {"type": "string"}}},
    "required": ["city"],
}
JSON_ANSWER = json.dumps({"city": "Berlin", "inhabitants": 3_900_000, "tags": ["one", "two", "three"] * 10})


def microseconds_each(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Of processor time, warm, one after the other: others on the machine do not count."""
    work()
    began = time.process_time()
    for _ in range(rounds):
        work()
    return round((time.process_time() - began) / rounds * 1e6, 2)


def into(rule: Rule) -> None:
    """A prompt on its way in."""
    if not rule.finders:
        rule.stops_whole(PROMPT)
        return
    masks = Masks()
    masks.leave(PROMPT)
    masks.hide(PROMPT, rule.finders)


def streamed(rules: list[Rule]) -> None:
    """An answer on its way out."""
    outgoing = Outgoing(rules, Masks())
    for piece in PIECES:
        outgoing.feed(piece)
    outgoing.end()


async def asking_for_rules() -> float:
    """What every execution pays, twice: its workspace's rules, from memory, where there are none."""
    workspace_id = new_uuid()

    async def load(_: UUID) -> Rules:
        return NONE

    feed = ChangeFeed(db=None)  # type: ignore[arg-type]
    known: ConfigCache[UUID, Rules] = ConfigCache(load, feed=feed, kinds=frozenset({"guardrail"}), touched=lambda *_: False)
    await known.get(workspace_id)
    began = time.process_time()
    for _ in range(ROUNDS * 10):
        (await known.get(workspace_id)).of("support", "in")
    return round((time.process_time() - began) / (ROUNDS * 10) * 1e6, 2)


def main() -> None:
    """Prints one JSON object."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    made = {name: rule_of(name, settings, sides=["in", "out"]) for name, settings in RULES.items()}
    stored, raw = stored_finders(Masking(kinds=["email", "phone", "card", "iban", "ip", "secret"])), to_bytes(PROMPT)
    schema, some = SchemaCheck(SCHEMA), Rules(tuple(made.values()))
    figures = {
        "in, prompt of 2 KB": {name: microseconds_each(lambda rule=rule: into(rule)) for name, rule in made.items()},
        "out, 1 KB in 30 pieces": {
            name: microseconds_each(lambda rule=rule: streamed([rule]), 200) for name, rule in made.items() if name != "injection"
        },
        "restoring masks in a stream": microseconds_each(lambda: streamed([]), 200),
        "masking what is stored, 2 KB": microseconds_each(lambda: blotted(raw, stored)),
        "json schema of an answer": microseconds_each(lambda: schema.flaws(json.loads(JSON_ANSWER))),
        "choosing the rules of a prompt": microseconds_each(lambda: some.of("support", "in")),
        "nothing is configured": asyncio.run(asking_for_rules()),
    }
    print(
        json.dumps(
            {"unit": "microseconds", "python": platform.python_version(), "machine": platform.machine(), "figures": figures}, indent=2
        )
    )


if __name__ == "__main__":
    main()
