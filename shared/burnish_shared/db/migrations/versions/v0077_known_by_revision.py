"""Changes of inbound endpoints by revision, counted refusals, words made once: see sql/0077_known_by_revision.sql."""

from alembic import op

from burnish_shared.db.migrations.script import run_sql

revision = "0077"
down_revision = "0076"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0077_words_left.sql")
    with op.get_context().autocommit_block():
        pass  # its lock is given back before others are asked for
    run_sql("0077_known_by_revision.sql")


def downgrade() -> None:
    run_sql("0077_known_by_revision.down.sql")
