"""What of a credit was used, by days: see sql/0153_used_by_days.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0153"
down_revision = "0152"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0153_used_by_days.sql")


def downgrade() -> None:
    run_sql("0153_used_by_days.down.sql")
