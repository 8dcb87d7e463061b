"""Dead letters of requests erased with their person: see sql/0067_dead_requests_erased.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0067"
down_revision = "0066"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0067_dead_requests_erased.sql")


def downgrade() -> None:
    run_sql("0067_dead_requests_erased.down.sql")
