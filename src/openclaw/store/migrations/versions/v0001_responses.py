"""Kept responses, as they were before Alembic."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "responses",
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("previous_id", sa.Text),
        sa.Column("created_s", sa.BigInteger, nullable=False),
        sa.Column("expires_s", sa.BigInteger, nullable=False),
        sa.Column("request", sa.LargeBinary, nullable=False),
        sa.Column("response", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("owner", "id"),
    )
    op.create_index("responses_by_expiry", "responses", ["expires_s"])
    op.create_table(
        "response_items",
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("response_id", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("owner", "id"),
        sa.ForeignKeyConstraint(["owner", "response_id"], ["responses.owner", "responses.id"], ondelete="CASCADE"),
        sqlite_with_rowid=False,
    )
    op.create_index("items_by_response", "response_items", ["owner", "response_id"])
