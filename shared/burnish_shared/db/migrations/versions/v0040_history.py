"""History and review of prompts: see sql/0040_history.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0040_history.sql")


def downgrade() -> None:
    run_sql("0040_history.down.sql")
