"""Which endings of models are to be told: see sql/0038_models_ending.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0038_models_ending.sql")


def downgrade() -> None:
    run_sql("0038_models_ending.down.sql")
