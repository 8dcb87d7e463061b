"""What the registry of models knows, price versions, cost by class of token, routing: see sql/0026_models.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0026_models.sql")


def downgrade() -> None:
    run_sql("0026_models.down.sql")
