"""The library of templates and finding prompts: see sql/0042_library.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0042_library.sql")


def downgrade() -> None:
    run_sql("0042_library.down.sql")
