"""Inbound endpoints are changed, their secrets rotated, and what they refused is told: see sql/0071_inbound_changed.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0071"
down_revision = "0070"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0071_inbound_changed.sql")


def downgrade() -> None:
    run_sql("0071_inbound_changed.down.sql")
