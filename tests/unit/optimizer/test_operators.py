"""How evolution varies a text: each operator on any text, and what it is given to vary it with."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnish_optimizer.search.operators import OPERATORS, Vocabulary, crossover, replace_by_synonym
from burnish_shared.prompt_contract import variables_in

pytestmark = pytest.mark.capability("O2")

LINES = st.lists(st.sampled_from(["", "a", "b", "- c"]), max_size=8)
SEEDS = st.integers(0, 2**32 - 1)


def dice(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


@given(st.lists(st.lists(st.sampled_from(["Order", "order", "parcel", "a thing", "order\n"]), min_size=2, max_size=4), max_size=3), SEEDS)
def test_no_group_of_a_tenant_ends_a_search(own: list[list[str]], seed: int) -> None:
    """Also one that holds a word in two spellings, and none besides."""
    vocabulary = Vocabulary.of(own, [])
    for name, vary in OPERATORS.items():
        assert isinstance(vary("The order of a parcel.", dice(seed), vocabulary), str), name


def test_a_synonym_keeps_its_own_capitals() -> None:
    vocabulary = Vocabulary.of([["ticket", "JSON document"]], [])
    assert replace_by_synonym("Ticket.", dice(0), vocabulary) == "JSON document."
    assert replace_by_synonym("ticket.", dice(0), Vocabulary.of([["ticket", "parcel"]], [])) == "parcel."
    assert replace_by_synonym("Ticket.", dice(0), Vocabulary.of([["ticket", "parcel"]], [])) == "Parcel."


@given(LINES, st.integers(0, 8), SEEDS)
def test_a_line_that_only_one_parent_has_comes_over_in_its_place_or_not_at_all(lines: list[str], at: int, seed: int) -> None:
    """Also where lines before it are equal, as blank ones are."""
    one = "\n".join(lines)
    other = "\n".join([*lines[:at], "only here", *lines[at:]])
    assert crossover(one, other, dice(seed)) in (one, other) or not lines
    assert crossover(other, one, dice(seed)) in (one, other) or not lines


@given(st.from_regex(r"[ \t\n]{0,3}", fullmatch=True), st.from_regex(r"[ \t\n]{0,3}", fullmatch=True))
def test_blanks_around_a_name_make_no_other_variable(before: str, after: str) -> None:
    assert variables_in("{{" + before + "name" + after + "}}") == variables_in("{{name}}")
