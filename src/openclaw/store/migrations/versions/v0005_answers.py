"""First answers of calls that have an idempotency key."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "answers",
        sa.Column("owner", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("alive_until_s", sa.Double, nullable=False),
        sa.Column("expires_s", sa.BigInteger, nullable=False),
        sa.Column("status", sa.BigInteger),
        sa.Column("headers", sa.Text),
        sa.Column("body", sa.LargeBinary),
    )
    op.create_index("answers_by_expiry", "answers", ["expires_s"])
