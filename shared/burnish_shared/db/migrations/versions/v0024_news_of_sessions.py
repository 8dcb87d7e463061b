"""Events of feedback on a session name the session: see sql/0024_news_of_sessions.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0024_news_of_sessions.sql")


def downgrade() -> None:
    run_sql("0024_news_of_sessions.down.sql")
