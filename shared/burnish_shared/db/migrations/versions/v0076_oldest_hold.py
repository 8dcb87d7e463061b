"""How old the oldest hold is: see sql/0076_oldest_hold.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0076"
down_revision = "0075"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0076_oldest_hold.sql")


def downgrade() -> None:
    run_sql("0076_oldest_hold.down.sql")
