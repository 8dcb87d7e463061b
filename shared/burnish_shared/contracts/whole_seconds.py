"""How long to wait, as `Retry-After` says it."""

from typing import Annotated

from pydantic import BeforeValidator

from burnish_shared.errors import whole_s

WholeSeconds = Annotated[int, BeforeValidator(lambda wait_s: whole_s(wait_s) if isinstance(wait_s, float) else wait_s)]
"""Rounded up: releases before kept fractions."""
