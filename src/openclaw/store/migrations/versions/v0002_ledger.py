"""The ledger: entries, runs, and accounts with what is spent of them and lent."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    _entries()
    _runs()
    _accounts()
    if op.get_context().dialect.name == "sqlite":
        op.execute("PRAGMA user_version=2")  # so that programs from before Alembic refuse the file


def _text() -> sa.Text:
    """Compared byte by byte, as Python does; a database's own order depends on its language."""
    text: sa.Text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    return text


def _entries() -> None:
    op.create_table(
        "entries",
        sa.Column("id", _text(), primary_key=True),
        sa.Column("call_id", _text(), nullable=False),
        sa.Column("state", _text(), nullable=False),
        sa.Column("time_unix_ms", sa.BigInteger, nullable=False),
        sa.Column("operation", _text(), nullable=False),
        sa.Column("step", _text()),
        sa.Column("key", _text()),
        sa.Column("organization", _text()),
        sa.Column("team", _text()),
        sa.Column("user", _text()),
        sa.Column("tags", _text(), nullable=False),
        sa.Column("run", _text()),
        sa.Column("parent_run", _text()),
        sa.Column("request_model", _text(), nullable=False),
        sa.Column("provider_name", _text(), nullable=False),
        sa.Column("response_model", _text()),
        sa.Column("duration_ms", sa.Double, nullable=False),
        sa.Column("error_type", _text()),
        sa.Column("input_tokens", sa.BigInteger),
        sa.Column("cache_read_input_tokens", sa.BigInteger),
        sa.Column("cache_write_input_tokens", sa.BigInteger),
        sa.Column("output_tokens", sa.BigInteger),
        sa.Column("reasoning_output_tokens", sa.BigInteger),
        sa.Column("tool_calls", sa.BigInteger, nullable=False),
        sa.Column("cost_nanousd", sa.BigInteger),
        sa.Column("reserved_nanousd", sa.BigInteger, nullable=False),
        sa.Column("draws", _text(), nullable=False),
    )
    op.create_index("entries_by_time", "entries", ["time_unix_ms", "id"])
    op.create_index("entries_by_key", "entries", ["key", "time_unix_ms"])
    op.create_index("entries_by_run", "entries", ["run"])


def _runs() -> None:
    op.create_table(
        "runs",
        sa.Column("run", _text(), primary_key=True),
        sa.Column("parent_run", _text()),
        sa.Column("key", _text()),
        sa.Column("started_ms", sa.BigInteger, nullable=False),
        sa.Column("last_ms", sa.BigInteger, nullable=False),
        sa.Column("stopped", sa.Boolean, nullable=False),
    )
    op.create_index("runs_by_time", "runs", ["last_ms"])


def _accounts() -> None:
    """`spent.counts_until_s`: when no window reaches the bucket any more; none for a lifetime."""
    op.create_table(
        "spent",
        sa.Column("account_id", _text(), nullable=False),
        sa.Column("bucket_s", sa.BigInteger, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("counts_until_s", sa.BigInteger),
        sa.Column("last_s", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "bucket_s"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "leases",
        sa.Column("account_id", _text(), nullable=False),
        sa.Column("node", _text(), nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "node"),
        sqlite_with_rowid=False,
    )
    op.create_index("leases_by_node", "leases", ["node"])
    op.create_table(
        "nodes",
        sa.Column("node", _text(), primary_key=True),
        sa.Column("until_s", sa.Double, nullable=False),
    )
    op.create_table(
        "extensions",
        sa.Column("account_id", _text(), primary_key=True),
        sa.Column("amount", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "wanted",
        sa.Column("account_id", _text(), nullable=False),
        sa.Column("node", _text(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "node"),
        sqlite_with_rowid=False,
    )
    op.create_index("wanted_by_node", "wanted", ["node"])
