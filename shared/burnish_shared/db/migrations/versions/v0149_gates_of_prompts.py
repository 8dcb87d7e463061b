"""A test gate of a prompt of its own: see sql/0149_gates_of_prompts.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0149"
down_revision = "0146"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0149_gates_of_prompts.sql")


def downgrade() -> None:
    run_sql("0149_gates_of_prompts.down.sql")
