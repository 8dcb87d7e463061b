"""An evaluator that protected labels ask for: see sql/0141_gate_evaluator.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0141"
down_revision = "0140"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0141_gate_evaluator.sql")


def downgrade() -> None:
    run_sql("0141_gate_evaluator.down.sql")
