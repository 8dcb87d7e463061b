"""An index for the scores of one prompt: see sql/0089_scores_of_prompt.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0089"
down_revision = "0088"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0089_scores_of_prompt.sql")


def downgrade() -> None:
    run_sql("0089_scores_of_prompt.down.sql")
