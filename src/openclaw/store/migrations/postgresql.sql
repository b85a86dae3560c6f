CREATE TABLE openclaw_schema (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT openclaw_schema_pkc PRIMARY KEY (version_num)
);
CREATE TABLE responses (
    owner TEXT NOT NULL,
    id TEXT NOT NULL,
    previous_id TEXT,
    created_s BIGINT NOT NULL,
    expires_s BIGINT NOT NULL,
    request BYTEA NOT NULL,
    response BYTEA NOT NULL,
    PRIMARY KEY (owner, id)
);
CREATE INDEX responses_by_expiry ON responses (expires_s);
CREATE TABLE response_items (
    owner TEXT NOT NULL,
    id TEXT NOT NULL,
    response_id TEXT NOT NULL,
    PRIMARY KEY (owner, id),
    FOREIGN KEY(owner, response_id) REFERENCES responses (owner, id) ON DELETE CASCADE
);
CREATE INDEX items_by_response ON response_items (owner, response_id);
INSERT INTO openclaw_schema (version_num) VALUES ('0001') RETURNING openclaw_schema.version_num;
CREATE TABLE entries (
    id TEXT COLLATE "C" NOT NULL,
    call_id TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    time_unix_ms BIGINT NOT NULL,
    operation TEXT COLLATE "C" NOT NULL,
    step TEXT COLLATE "C",
    key TEXT COLLATE "C",
    organization TEXT COLLATE "C",
    team TEXT COLLATE "C",
    "user" TEXT COLLATE "C",
    tags TEXT COLLATE "C" NOT NULL,
    run TEXT COLLATE "C",
    parent_run TEXT COLLATE "C",
    request_model TEXT COLLATE "C" NOT NULL,
    provider_name TEXT COLLATE "C" NOT NULL,
    response_model TEXT COLLATE "C",
    duration_ms DOUBLE PRECISION NOT NULL,
    error_type TEXT COLLATE "C",
    input_tokens BIGINT,
    cache_read_input_tokens BIGINT,
    cache_write_input_tokens BIGINT,
    output_tokens BIGINT,
    reasoning_output_tokens BIGINT,
    tool_calls BIGINT NOT NULL,
    cost_nanousd BIGINT,
    reserved_nanousd BIGINT NOT NULL,
    draws TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX entries_by_time ON entries (time_unix_ms, id);
CREATE INDEX entries_by_key ON entries (key, time_unix_ms);
CREATE INDEX entries_by_run ON entries (run);
CREATE TABLE runs (
    run TEXT COLLATE "C" NOT NULL,
    parent_run TEXT COLLATE "C",
    key TEXT COLLATE "C",
    started_ms BIGINT NOT NULL,
    last_ms BIGINT NOT NULL,
    stopped BOOLEAN NOT NULL,
    PRIMARY KEY (run)
);
CREATE INDEX runs_by_time ON runs (last_ms);
CREATE TABLE spent (
    account_id TEXT COLLATE "C" NOT NULL,
    bucket_s BIGINT NOT NULL,
    amount BIGINT NOT NULL,
    counts_until_s BIGINT,
    last_s BIGINT NOT NULL,
    PRIMARY KEY (account_id, bucket_s)
);
CREATE TABLE leases (
    account_id TEXT COLLATE "C" NOT NULL,
    node TEXT COLLATE "C" NOT NULL,
    amount BIGINT NOT NULL,
    PRIMARY KEY (account_id, node)
);
CREATE INDEX leases_by_node ON leases (node);
CREATE TABLE nodes (
    node TEXT COLLATE "C" NOT NULL,
    until_s DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (node)
);
CREATE TABLE extensions (
    account_id TEXT COLLATE "C" NOT NULL,
    amount BIGINT NOT NULL,
    PRIMARY KEY (account_id)
);
CREATE TABLE wanted (
    account_id TEXT COLLATE "C" NOT NULL,
    node TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (account_id, node)
);
CREATE INDEX wanted_by_node ON wanted (node);
UPDATE openclaw_schema SET version_num='0002' WHERE openclaw_schema.version_num = '0001';
CREATE INDEX runs_stopped ON runs (run) WHERE stopped;
CREATE INDEX runs_by_parent ON runs (parent_run) WHERE parent_run IS NOT NULL;
CREATE TABLE chores (
    name TEXT NOT NULL,
    done_s BIGINT NOT NULL,
    PRIMARY KEY (name)
);
UPDATE openclaw_schema SET version_num='0003' WHERE openclaw_schema.version_num = '0002';
CREATE TABLE caller_keys (
    id TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    prefix TEXT COLLATE "C" NOT NULL,
    organization TEXT COLLATE "C",
    team TEXT COLLATE "C",
    "user" TEXT COLLATE "C",
    tags TEXT COLLATE "C" NOT NULL,
    models TEXT COLLATE "C" NOT NULL,
    budgets TEXT COLLATE "C" NOT NULL,
    created_s BIGINT NOT NULL,
    expires_s BIGINT,
    revoked_s BIGINT,
    last_used_s BIGINT,
    version BIGINT NOT NULL,
    PRIMARY KEY (id)
);
CREATE UNIQUE INDEX caller_keys_by_name ON caller_keys (name);
CREATE INDEX caller_keys_by_version ON caller_keys (version);
CREATE TABLE key_digests (
    digest BYTEA NOT NULL,
    key_id TEXT COLLATE "C" NOT NULL,
    until_s DOUBLE PRECISION,
    PRIMARY KEY (digest)
);
CREATE INDEX digests_by_key ON key_digests (key_id);
CREATE TABLE key_ring (
    name TEXT NOT NULL,
    version BIGINT NOT NULL,
    fingerprint TEXT,
    secret BYTEA,
    PRIMARY KEY (name)
);
UPDATE openclaw_schema SET version_num='0004' WHERE openclaw_schema.version_num = '0003';
CREATE TABLE answers (
    owner TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    alive_until_s DOUBLE PRECISION NOT NULL,
    expires_s BIGINT NOT NULL,
    status BIGINT,
    headers TEXT,
    body BYTEA,
    PRIMARY KEY (owner, key)
);
CREATE INDEX answers_by_expiry ON answers (expires_s);
UPDATE openclaw_schema SET version_num='0005' WHERE openclaw_schema.version_num = '0004';
