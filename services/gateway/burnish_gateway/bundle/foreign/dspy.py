"""A program that DSPy saved as JSON (`program.save("program.json")`): a prompt for each predictor, its demonstrations as examples.

The file holds what an optimizer found (instructions, demonstrations) and of each field a prefix and a description; which fields are
inputs, and of which type, stands in the program's code alone. DSPy's own source says what is saved (`Predict.dump_state`,
`Signature.dump_state`, dspy 3.0.4).
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import re2

from burnish_gateway.bundle.foreign.draft import CannotTake, Draft, Drafts, at, list_at, object_at, settings_of, wrong_shape

MADE_INSTRUCTIONS: Final = re2.compile(r"(?s)Given the fields? (`.+?`), produce the fields? (`.+?`)\.")
"""What DSPy writes for a signature without a docstring: it names inputs and outputs. RE2 (https://github.com/google/re2) matches it:
Python's own would take time with the cube of a text's length, in which nobody else is served."""

REASONING: Final = ("reasoning", "rationale")
"""Fields of ChainOfThought, written before the answer."""

OF_DEMO: Final = frozenset({"augmented", "dspy_uuid", "dspy_split"})
OF_LM: Final = frozenset({"model", "model_type", "cache", "num_retries", "finetuning_model", "launch_kwargs", "train_kwargs"})
"""Of a saved model: its name, and what says nothing of an answer."""


@dataclass(frozen=True, slots=True)
class _Field:
    """`about`: what is said of it; empty where DSPy filled in its name."""

    name: str
    about: str


def read(value: Any, *, model: str, name: str | None = None) -> Drafts:
    """`name`: what the program is called; `program` without. Raises InvalidField naming what has another shape."""
    drafts = Drafts()
    if not isinstance(value, dict):
        raise wrong_shape("", "an object, as program.save('….json') writes it")
    called = (name or "program")[:150]
    rows = [("", value)] if "signature" in value else [(key, one) for key, one in value.items() if key != "metadata"]
    for key, row in rows:
        if not isinstance(row, dict) or not isinstance(row.get("signature"), dict):
            drafts.notes.lose(f"{key or 'The file'}: left out: it is no predictor with a 'signature'.")
            continue
        part = key.removesuffix(".predict").removesuffix("predict")
        title = f"{called} {part}".strip() if len(rows) > 1 else called
        try:
            content = _content(row, key, model=model, drafts=drafts)
        except CannotTake as error:
            drafts.notes.lose(f"{key or 'The file'}: left out, because {error}.")
            continue
        rest = {"message": "Out of a program of DSPy"}
        drafts.prompts.append(Draft(title.replace("/", " "), [(1, content, rest)], {"production": 1}))
    if len(drafts.prompts) > 1:
        drafts.notes.tell(
            "The program has several predictors: how one's answer becomes another's input stands in its code; make a chain of them."
        )
    return drafts


def _content(row: Mapping[str, Any], key: str, *, model: str, drafts: Drafts) -> dict[str, Any]:
    """Of one predictor. Raises CannotTake, InvalidField."""
    signature, place = object_at(row, "signature", key), at(key, "signature")
    instructions = signature.get("instructions")
    fields = [_field(one, at(place, f"fields[{index}]")) for index, one in enumerate(list_at(signature, "fields", place))]
    if not isinstance(instructions, str) or len(fields) < 2 or len({one.name for one in fields}) < len(fields):
        raise CannotTake("it has no instructions, or not an input and an output that are called differently")
    split, is_sure = _first_output(instructions, fields)
    inputs, outputs = fields[:split], fields[split:]
    if not is_sure:
        drafts.notes.tell(
            f"{key or 'The program'}: {_named(inputs)} are taken as inputs, {_named(outputs)} as what is answered; the file does not say."
        )
    demos = list(_demos(list_at(row, "demos", key), inputs, outputs, key, drafts))
    messages = [{"role": "system", "content": _raw(_system(instructions, inputs, outputs))}, *demos]
    messages.append({"role": "user", "content": "\n".join(f"{_raw(one.name)}: {{{{{one.name}}}}}" for one in inputs)})
    return {"messages": messages, **_model(row, model, key, drafts), **_form(outputs)}


def _field(one: Any, place: str) -> _Field:
    """Its name out of `${name}`, or else of its prefix, which DSPy makes of the name."""
    if not isinstance(one, dict) or not isinstance(one.get("prefix"), str):
        raise wrong_shape(place, "an object with a 'prefix'")
    about = one.get("description")
    about = about if isinstance(about, str) else ""
    if found := re.fullmatch(r"\$\{([A-Za-z_]\w*)\}", about):
        return _Field(found[1], "")
    name = re.sub(r"\W+", "_", one["prefix"].partition(":")[0].strip().lower()).strip("_")
    if not re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII):
        raise CannotTake(f"a field with the prefix {one['prefix'][:60]!r} has no name that a variable can have")
    return _Field(name, about)


def _first_output(instructions: str, fields: list[_Field]) -> tuple[int, bool]:
    """Where outputs begin, and whether the file says so: by the instructions that DSPy wrote, else at the reasoning, else the last one."""
    names = [one.name for one in fields]
    if said := MADE_INSTRUCTIONS.search(instructions):
        made = re.findall(r"`(\w+)`", said[2])
        if made and made[0] in names:
            first = names.index(made[0])
            return (first - 1 if first > 1 and names[first - 1] in REASONING else first), True
    reasoned = next((index for index, name in enumerate(names) if name in REASONING and index > 0), None)
    return (reasoned, True) if reasoned is not None else (len(names) - 1, len(names) == 2)


def _system(instructions: str, inputs: list[_Field], outputs: list[_Field]) -> str:
    told = [f"- {one.name}: {one.about}" for one in (*inputs, *outputs) if one.about]
    parts = [instructions.strip(), *(["\n".join(told)] if told else [])]
    if len(outputs) > 1:
        parts.append(f"Answer with a JSON object with the fields {_named(outputs)}, in this order.")
    else:
        parts.append(f"Answer with the {outputs[0].name.replace('_', ' ')} alone.")
    return "\n\n".join(parts)


def _demos(given: list[Any], inputs: list[_Field], outputs: list[_Field], key: str, drafts: Drafts) -> Iterator[dict[str, Any]]:
    """Each as a question and its answer. One that lacks an output, as labelled ones do of ChainOfThought, is told without it."""
    for index, demo in enumerate(given):
        if not isinstance(demo, dict):
            raise wrong_shape(at(key, f"demos[{index}]"), "an object")
        held = {name: value for name, value in demo.items() if name not in OF_DEMO}
        answer = {one.name: held[one.name] for one in outputs if one.name in held}
        if not answer or outputs[-1].name not in answer or not any(one.name in held for one in inputs):
            drafts.notes.lose(f"{at(key, f'demos[{index}]')}: left out: it has no input, or no {outputs[-1].name}.")
            continue
        asked = "\n".join(f"{one.name}: {_text(held[one.name])}" for one in inputs if one.name in held)
        yield {"role": "user", "content": _raw(asked)}
        yield {"role": "assistant", "content": _raw(_text(answer if len(outputs) > 1 else answer[outputs[0].name]))}


def _form(outputs: list[_Field]) -> dict[str, Any]:
    if len(outputs) < 2:
        return {}
    schema = {
        "type": "object",
        "properties": {one.name: {"description": one.about} if one.about else {} for one in outputs},
        "required": [one.name for one in outputs],
    }
    return {"response_format": {"type": "json_object"}, "output_format": "structured", "json_schema": schema}


def _model(row: Mapping[str, Any], model: str, key: str, drafts: Drafts) -> dict[str, Any]:
    """The model that was saved with it, as its provider calls it; `model` where none was."""
    lm = object_at(row, "lm", key)
    if not isinstance(named := lm.get("model"), str) or not named:
        return {"model": model}
    settings = settings_of({name: value for name, value in lm.items() if name not in OF_LM})
    if left := sorted(str(name) for name in lm if name not in OF_LM and name not in settings and lm[name] is not None):
        drafts.notes.lose(f"{key or 'The program'}: of its model these are not taken: {', '.join(left)[:300]}.")
    return {"model": named.partition("/")[2] or named, **settings}


def _named(fields: list[_Field]) -> str:
    return ", ".join(f"'{one.name}'" for one in fields)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _raw(text: str) -> str:
    """DSPy's texts have no variables: braces are meant letter for letter."""
    return text.replace("{{", "{{{{")
