"""Changes of inbound endpoints by revision, counted refusals, words made once: see sql/0077_known_by_revision.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0077"
down_revision = "0076"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0077_known_by_revision.sql")


def downgrade() -> None:
    run_sql("0077_known_by_revision.down.sql")
