"""An index of rows of whole workspaces: see sql/0112_index_of_whole_workspaces.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0112"
down_revision = "0111"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0112_index_of_whole_workspaces.sql")


def downgrade() -> None:
    run_sql("0112_index_of_whole_workspaces.down.sql")
