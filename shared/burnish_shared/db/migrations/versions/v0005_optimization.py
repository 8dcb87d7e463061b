"""Tables of optimization: see sql/0005_optimization.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0005_optimization.sql")


def downgrade() -> None:
    run_sql("0005_optimization.down.sql")
