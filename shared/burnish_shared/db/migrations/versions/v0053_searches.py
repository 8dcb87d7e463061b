"""How a job searches, and how sure a workspace wants to be: see sql/0053_searches.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0053_searches.sql")


def downgrade() -> None:
    run_sql("0053_searches.down.sql")
