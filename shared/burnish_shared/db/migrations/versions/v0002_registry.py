"""Tables of registry: see sql/0002_registry.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0002_registry.sql")


def downgrade() -> None:
    run_sql("0002_registry.down.sql")
