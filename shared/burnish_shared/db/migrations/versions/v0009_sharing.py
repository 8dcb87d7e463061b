"""Tables of the marketplace and platform statistics: see sql/0009_sharing.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0009_sharing.sql")


def downgrade() -> None:
    run_sql("0009_sharing.down.sql")
