"""What was restored from a backup, and when messages went out again: see sql/0057_restores.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0057"
down_revision = "0056"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0057_restores.sql")


def downgrade() -> None:
    run_sql("0057_restores.down.sql")
