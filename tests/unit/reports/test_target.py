"""What a report may be about."""

import pytest

from burnish_gateway.reports.target import target_of
from burnish_shared.errors import InvalidField

pytestmark = pytest.mark.capability("A3")


def test_a_version_is_named_by_its_number() -> None:
    target = target_of("version", "desk@007")
    assert (target.name, target.filters.slug, target.filters.version) == ("desk@7", "desk", 7)


@pytest.mark.parametrize("number", ["", "0", "-1", "1.0", "\u0663", "2147483648", "9" * 5000, "00000000000199999999999", "0" * 12 + "3"])
def test_what_is_no_version_is_refused_in_words(number: str) -> None:
    with pytest.raises(InvalidField, match="slug@3"):
        target_of("version", f"desk@{number}")
