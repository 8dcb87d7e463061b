"""Dead letters erased with their workspace: see sql/0068_dead_letters_of_workspaces.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0068"
down_revision = "0067"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0068_dead_letters_of_workspaces.sql")


def downgrade() -> None:
    run_sql("0068_dead_letters_of_workspaces.down.sql")
