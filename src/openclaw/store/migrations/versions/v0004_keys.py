"""Caller keys that are made at run time: what is known of each, what opens it, and how often that has changed."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "caller_keys",
        sa.Column("id", _text(), primary_key=True),
        sa.Column("name", _text(), nullable=False),
        sa.Column("prefix", _text(), nullable=False),
        sa.Column("organization", _text()),
        sa.Column("team", _text()),
        sa.Column("user", _text()),
        sa.Column("tags", _text(), nullable=False),
        sa.Column("models", _text(), nullable=False),
        sa.Column("budgets", _text(), nullable=False),
        sa.Column("created_s", sa.BigInteger, nullable=False),
        sa.Column("expires_s", sa.BigInteger),
        sa.Column("revoked_s", sa.BigInteger),
        sa.Column("last_used_s", sa.BigInteger),
        sa.Column("version", sa.BigInteger, nullable=False),
    )
    op.create_index("caller_keys_by_name", "caller_keys", ["name"], unique=True)
    op.create_index("caller_keys_by_version", "caller_keys", ["version"])
    op.create_table(
        "key_digests",
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        sa.Column("key_id", _text(), nullable=False),
        sa.Column("until_s", sa.Double),
    )
    op.create_index("digests_by_key", "key_digests", ["key_id"])
    op.create_table(
        "key_ring",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("fingerprint", sa.Text),
        sa.Column("secret", sa.LargeBinary),
    )


def _text() -> sa.Text:
    """Compared byte by byte, as in the second revision."""
    text: sa.Text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    return text
