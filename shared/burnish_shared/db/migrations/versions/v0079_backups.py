"""When backups were taken: see sql/0079_backups.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0079"
down_revision = "0078"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0079_backups.sql")


def downgrade() -> None:
    run_sql("0079_backups.down.sql")
