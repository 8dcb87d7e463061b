"""When models were last tested: see sql/0121_models_tested.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0121"
down_revision = "0120"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0121_models_tested.sql")


def downgrade() -> None:
    run_sql("0121_models_tested.down.sql")
