"""The inbox of each member: see sql/0155_inbox.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0155"
down_revision = "0153"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0155_inbox.sql")


def downgrade() -> None:
    run_sql("0155_inbox.down.sql")
