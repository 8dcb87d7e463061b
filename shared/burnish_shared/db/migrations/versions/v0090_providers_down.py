"""Alerts about providers that answer no call any more: see sql/0090_providers_down.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0090"
down_revision = "0089"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0090_providers_down.sql")


def downgrade() -> None:
    run_sql("0090_providers_down.down.sql")
