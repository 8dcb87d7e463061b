"""Days made and dropped without holding up calls, and six functions put right: see sql/0070_held_up_by_readers.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0070"
down_revision = "0069"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0070_held_up_by_readers.sql")


def downgrade() -> None:
    run_sql("0070_held_up_by_readers.down.sql")
