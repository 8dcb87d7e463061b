"""Kinds of uses of a dataset (`burnish_gateway.uses`). Pure."""

from typing import Final

MEASURED: Final = ("test_run", "optimization", "suggestion")
"""What was measured with a dataset, or proven by it."""

SET_UP: Final = ("schedule", "alert_rule", "review_settings", "model_migration")
"""What would read it, or put items into it, by itself."""
