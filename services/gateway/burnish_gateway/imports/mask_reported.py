"""Blots out of executions made elsewhere what the workspace does not want to store, as of its own. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from burnish_gateway.imports.reported import Reported
from burnish_shared.guarding.masks import blotted
from burnish_shared.guarding.spans import Finder, to_bytes, to_text
from burnish_shared.guarding.texts import each_text, each_unsealed


def masked(reported: Sequence[Reported], finders: Sequence[Finder]) -> list[Reported]:
    """Messages, variables, output, metadata and error, masked. Who it was for stays: figures and erasure go by it."""

    def blot(text: str) -> str:
        return to_text(blotted(to_bytes(text), finders))

    return [
        replace(
            one,
            messages=each_unsealed(one.messages, blot),
            variables=each_text(one.variables, blot),
            metadata=each_text(one.metadata, blot),
            output=None if one.output is None else blot(one.output),
            error=None if one.error is None else blot(one.error),
        )
        for one in reported
    ]
