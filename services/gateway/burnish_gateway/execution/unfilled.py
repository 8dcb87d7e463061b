"""Messages that are sent as they are, though their caller thought them a template. Pure."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from burnish_shared.errors import InvalidField
from burnish_shared.guarding.texts import text_of

_NAMED: Final = re.compile(r"(?<!\{)\{\{(?:#if|#each)?\s*([A-Za-z_][A-Za-z0-9_]{0,63})(?![A-Za-z0-9_])[^{}]{0,200}\}\}")


def check_filled(messages: Sequence[Mapping[str, Any]], variables: Mapping[str, Any], *, param: str = "variables") -> None:
    """Raises InvalidField where a message without a prompt names a variable that stands beside it, as a template would: nothing fills it
    in, and the model would be asked with the braces. Other variables are kept in the record, and rules of routing may go by them.
    """
    if not variables:
        return
    named = {name for one in messages for name in _NAMED.findall(text_of(one)) if name in variables}
    if named:
        told = ", ".join(f"{{{{{name}}}}}" for name in sorted(named))
        raise InvalidField(
            f"{param}: messages without a prompt are sent as they are, so {told} in them would not be filled in. Fill them in yourself,"
            " or save them as a prompt (POST /v1/prompts) and name it as `prompt`.",
            param=param,
        )
