"""An execution that nobody began names the one it goes on from: see sql/0108_previous_of_unbegun.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0108"
down_revision = "0107"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0108_previous_of_unbegun.sql")


def downgrade() -> None:
    run_sql("0108_previous_of_unbegun.down.sql")
