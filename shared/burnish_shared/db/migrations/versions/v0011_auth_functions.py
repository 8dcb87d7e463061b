"""`auth.uid()` and `auth.jwt()` where they are absent: see sql/0011_auth_functions.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0011_auth_functions.sql")


def downgrade() -> None:
    run_sql("0011_auth_functions.down.sql")
