"""Tries to sign in outlive no clock that went back: see sql/0170_clocks_that_went_back.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0170"
down_revision = "0168"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0170_clocks_that_went_back.sql")


def downgrade() -> None:
    run_sql("0170_clocks_that_went_back.down.sql")
