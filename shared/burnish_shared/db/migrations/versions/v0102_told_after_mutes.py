"""Alerts that outlive their mute are told: see sql/0102_told_after_mutes.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0102"
down_revision = "0101"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0102_told_after_mutes.sql")


def downgrade() -> None:
    run_sql("0102_told_after_mutes.down.sql")
