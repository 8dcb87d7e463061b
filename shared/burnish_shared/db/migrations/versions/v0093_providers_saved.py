"""Alerts about providers whose calls fallbacks answer: see sql/0093_providers_saved.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0093"
down_revision = "0092"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0093_providers_saved.sql")


def downgrade() -> None:
    run_sql("0093_providers_saved.down.sql")
