"""Writes the types of both clients from docs/reference/openapi.json: `python sdk/python/generate.py`. A test compares.

src/burnish_client/types.py here, and ../typescript/src/types.ts, with the same names.
"""

import json
import sys
from pathlib import Path
from typing import Any, ClassVar, Final

HERE: Final = Path(__file__).parent
SNAPSHOT: Final = HERE.parents[1] / "docs/reference/openapi.json"
TARGET: Final = HERE / "src/burnish_client/types.py"
TYPESCRIPT: Final = HERE.parent / "typescript/src/types.ts"

NAMES: Final = {
    "Outcome": "Execution",
    "burnish_gateway__batches__answers__BatchAnswer": "Batch",
    "BudgetAnswer": "Budget",
    "RunCommentAnswer": "RunComment",
    "PromptAnswer": "PromptVersion",
    "StartedAnswer": "StartedOptimization",
    "EnrichmentAnswer": "Enrichment",
    "EnrichmentItem": "EnrichmentItem",
    "burnish_gateway__enrichments__answers__GroupAnswer": "EnrichmentGroup",
}
"""Schemas that methods return, and what clients call them; what they refer to comes along under its own name."""

HEAD: Final = '''"""Answers of the API. Generated from the API's description by generate.py; do not edit."""

from __future__ import annotations

from typing import Any, Literal

from typing_extensions import NotRequired, TypedDict
'''

TYPESCRIPT_HEAD: Final = "/** Answers of the API. Generated from the API's description by sdk/python/generate.py; do not edit. */\n"

PLAIN: Final = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None", "object": "dict[str, Any]"}


class Writer:
    """Collects the schemas that are referred to, in the order in which they are met. Writes Python."""

    plain = PLAIN
    unknown = "Any"

    def __init__(self, schemas: dict[str, Any]) -> None:
        self.schemas = schemas
        self.names = dict(NAMES)
        self.order = list(NAMES)

    def type_of(self, schema: dict[str, Any]) -> str:
        """A schema as a type; what a TypedDict cannot say becomes Any."""
        if "$ref" in schema:
            return self._named(schema["$ref"].rpartition("/")[2])
        if "enum" in schema:
            return self.choice(schema["enum"])
        if "const" in schema:
            return self.choice([schema["const"]])
        if several := schema.get("anyOf") or schema.get("oneOf"):
            kinds = list(dict.fromkeys(self.type_of(one) for one in several))
            return self.unknown if self.unknown in kinds else " | ".join(kinds)
        kind = schema.get("type")
        if kind == "array":
            return self.list_of(self.type_of(schema.get("items", {})))
        if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
            return self.map_of(self.type_of(schema["additionalProperties"]))
        return self.plain.get(kind, self.unknown) if isinstance(kind, str) else self.unknown

    def choice(self, values: list[Any]) -> str:
        return f"Literal[{', '.join(json.dumps(one) for one in values)}]"

    def list_of(self, kind: str) -> str:
        return f"list[{kind}]"

    def map_of(self, kind: str) -> str:
        return f"dict[str, {kind}]"

    def _named(self, name: str) -> str:
        schema = self.schemas[name]
        if "properties" not in schema:
            return self.type_of(schema)
        if name not in self.names:
            self.names[name] = name.rpartition("__")[2]
            self.order.append(name)
        return self.names[name]

    def classes(self) -> str:
        """All of them; a field that may be absent is marked."""
        texts, at = [], 0
        while at < len(self.order):
            name = self.order[at]
            schema, at = self.schemas[name], at + 1
            said = " ".join(str(schema.get("description", "")).split()).split(". ")[0].rstrip(".")
            said = said if len(said) <= 120 else f"{said[:120].rpartition(' ')[0]} …"
            required = set(schema.get("required", ()))
            fields = [(field, self.type_of(one), field in required) for field, one in schema["properties"].items()]
            texts.append(self.written(self.names[name], said, fields))
        return "\n\n\n".join(texts)

    def written(self, name: str, said: str, fields: list[tuple[str, str, bool]]) -> str:
        lines = [f"class {name}(TypedDict):"]
        if said:
            lines.append(f'    """{said}{"" if said.endswith("…") else "."}"""\n')
        lines += [f"    {field}: {kind if is_there else f'NotRequired[{kind}]'}" for field, kind, is_there in fields]
        return "\n".join(lines)


class TypeScript(Writer):
    """The same in TypeScript."""

    plain: ClassVar = {kind: kind for kind in ("string", "boolean", "null")} | {
        "integer": "number", "number": "number", "object": "Record<string, unknown>",
    }  # fmt: skip
    unknown = "unknown"

    def choice(self, values: list[Any]) -> str:
        return " | ".join(json.dumps(one) for one in values)

    def list_of(self, kind: str) -> str:
        return f"({kind})[]" if " | " in kind else f"{kind}[]"

    def map_of(self, kind: str) -> str:
        return f"Record<string, {kind}>"

    def written(self, name: str, said: str, fields: list[tuple[str, str, bool]]) -> str:
        lines = [f"/** {said}{'' if said.endswith('…') else '.'} */"] if said else []
        lines.append(f"export interface {name} {{")
        lines += [f"  {field}{'' if is_there else '?'}: {kind};" for field, kind, is_there in fields]
        return "\n".join((*lines, "}"))


def rendered() -> str:
    """The whole Python module."""
    return f"{HEAD}\n\n{Writer(_schemas()).classes()}\n"


def rendered_typescript() -> str:
    """The whole TypeScript module."""
    return f"{TYPESCRIPT_HEAD}\n{TypeScript(_schemas()).classes()}\n".replace("\n\n\n", "\n\n")


def _schemas() -> dict[str, Any]:
    schemas: dict[str, Any] = json.loads(SNAPSHOT.read_text())["components"]["schemas"]
    return schemas


if __name__ == "__main__":
    TARGET.write_text(rendered())
    TYPESCRIPT.parent.mkdir(parents=True, exist_ok=True)
    TYPESCRIPT.write_text(rendered_typescript())
    sys.stderr.write(f"wrote {TARGET} and {TYPESCRIPT}\n")
