"""Categories that an erased item named: see sql/0115_categories_erased.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0115"
down_revision = "0114"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0115_categories_erased.sql")


def downgrade() -> None:
    run_sql("0115_categories_erased.down.sql")
