"""The record finds holds by their index: see sql/0096_settle_by_index.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0096"
down_revision = "0095"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0096_settle_by_index.sql")


def downgrade() -> None:
    run_sql("0096_settle_by_index.down.sql")
