"""Stopped runs and runs by their parents, found at once; what is done once by one of all processes."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    # Every process looks for stopped runs each second, and of a million few are stopped.
    stopped = sa.text("stopped")
    op.create_index("runs_stopped", "runs", ["run"], sqlite_where=stopped, postgresql_where=stopped)
    has_parent = sa.text("parent_run IS NOT NULL")
    op.create_index("runs_by_parent", "runs", ["parent_run"], sqlite_where=has_parent, postgresql_where=has_parent)
    op.create_table(
        "chores",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("done_s", sa.BigInteger, nullable=False),
    )
