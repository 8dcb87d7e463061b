"""Cancelled calls stay so for who takes them over, and fees of searches that nobody began come back: see sql/0091_called_off.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0091"
down_revision = "0090"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0091_called_off.sql")


def downgrade() -> None:
    run_sql("0091_called_off.down.sql")
