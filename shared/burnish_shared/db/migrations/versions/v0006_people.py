"""Tables of users, members, invitations, sessions: see sql/0006_people.sql."""

from burnish_shared.db.migrations.script import run_sql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0006_people.sql")


def downgrade() -> None:
    run_sql("0006_people.down.sql")
