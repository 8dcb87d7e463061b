"""Guardrails, and masking of what is stored: see sql/0031_guardrails.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0031_guardrails.sql")


def downgrade() -> None:
    run_sql("0031_guardrails.down.sql")
