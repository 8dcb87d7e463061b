"""What a client calls its request: see sql/0051_client_requests.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0051_client_requests.sql")


def downgrade() -> None:
    run_sql("0051_client_requests.down.sql")
