"""Tables of core: see sql/0001_core.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0001_core.sql")


def downgrade() -> None:
    run_sql("0001_core.down.sql")
