"""What a run of a chain is given. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from burnish_shared.chains.form import Call, Chain, Choose, Output, Parameter, Stop, all_steps
from burnish_shared.chains.read_form import VARIABLES, parts_of, path_of
from burnish_shared.errors import InvalidField, MissingVariables
from burnish_shared.expressions import Node
from burnish_shared.template.values import has_type


def variables_for(chain: Chain, given: Mapping[str, Any]) -> dict[str, Any]:
    """With the defaults of those that were not given. A null counts as not given. Raises InvalidField, MissingVariables."""
    if chain.parameters is None:
        return dict(given)
    unknown = sorted(given.keys() - chain.parameters.keys())
    if unknown:
        known = f"it takes {', '.join(chain.parameters)}" if chain.parameters else "it takes none"
        raise InvalidField(f"variables.{unknown[0]}: is no parameter of this chain; {known}.", param=f"variables.{unknown[0]}")
    missing = [name for name, one in chain.parameters.items() if one.required and given.get(name) is None]
    if missing:
        raise MissingVariables(
            f"The chain needs {', '.join(missing)}; give each in variables.", param="variables", details={"missing": missing}
        )  # fmt: skip
    return {name: _value(name, one, given.get(name)) for name, one in chain.parameters.items()}


def variables_of_item(chain: Chain, given: str | Mapping[str, Any]) -> dict[str, Any]:
    """Of an item of a dataset: its names are the chain's variables, and a text is the only variable that the chain needs, or `input`.

    Raises InvalidField where a text could be several variables, MissingVariables.
    """
    if not isinstance(given, str):
        return variables_for(chain, given)
    if chain.parameters is None:
        names = sorted(set(_names_in(chain)))
    else:
        names = [name for name, one in chain.parameters.items() if one.required] or list(chain.parameters)
        names = ["input"] if "input" in chain.parameters else names
    if "input" in names:
        names = ["input"]
    if len(names) != 1:
        told = f"the variables {', '.join(names)}" if names else "no variable"
        raise InvalidField(f"The chain takes {told}: give each item's input as an object that names them.", param="input")
    return variables_for(chain, {names[0]: given})


def _value(name: str, parameter: Parameter, given: Any) -> Any:
    if given is None:
        return parameter.default
    if parameter.type is not None and not has_type(given, parameter.type):
        raise InvalidField(f"variables.{name}: must be of type {parameter.type}.", param=f"variables.{name}")
    return given


def _names_in(chain: Chain) -> Iterator[str]:
    """The variables that its expressions speak of."""
    for node in _expressions(chain):
        yield from _names_of(node)


def _names_of(node: Node) -> Iterator[str]:
    path, root = path_of(node)
    if root == VARIABLES and path and path[0] is not None:
        yield path[0]
    for part in parts_of(node):
        yield from _names_of(part)


def _expressions(chain: Chain) -> Iterator[Node]:
    for step in all_steps(chain.steps):
        yield from (one for one in (step.when,) if one is not None)
        match step.does:
            case Call(variables=variables):
                yield from variables.values()
            case Choose(cases):
                yield from (case.when for case in cases if case.when is not None)
            case Stop(output=output):
                yield from _nodes(output)
            case _:
                pass
    yield from _nodes(chain.output)


def _nodes(output: "Output | None") -> Iterator[Node]:
    if isinstance(output, Mapping):
        yield from output.values()
    elif output is not None:
        yield output
