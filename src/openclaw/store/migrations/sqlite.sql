CREATE TABLE answers (
	owner TEXT NOT NULL,
	"key" TEXT NOT NULL,
	fingerprint TEXT NOT NULL,
	alive_until_s DOUBLE NOT NULL,
	expires_s BIGINT NOT NULL,
	status BIGINT,
	headers TEXT,
	body BLOB,
	PRIMARY KEY (owner, "key")
);
CREATE TABLE caller_keys (
	id TEXT NOT NULL,
	name TEXT NOT NULL,
	prefix TEXT NOT NULL,
	organization TEXT,
	team TEXT,
	user TEXT,
	tags TEXT NOT NULL,
	models TEXT NOT NULL,
	budgets TEXT NOT NULL,
	created_s BIGINT NOT NULL,
	expires_s BIGINT,
	revoked_s BIGINT,
	last_used_s BIGINT,
	version BIGINT NOT NULL,
	PRIMARY KEY (id)
);
CREATE TABLE chores (
	name TEXT NOT NULL,
	done_s BIGINT NOT NULL,
	PRIMARY KEY (name)
);
CREATE TABLE entries (
	id TEXT NOT NULL,
	call_id TEXT NOT NULL,
	state TEXT NOT NULL,
	time_unix_ms BIGINT NOT NULL,
	operation TEXT NOT NULL,
	step TEXT,
	"key" TEXT,
	organization TEXT,
	team TEXT,
	user TEXT,
	tags TEXT NOT NULL,
	run TEXT,
	parent_run TEXT,
	request_model TEXT NOT NULL,
	provider_name TEXT NOT NULL,
	response_model TEXT,
	duration_ms DOUBLE NOT NULL,
	error_type TEXT,
	input_tokens BIGINT,
	cache_read_input_tokens BIGINT,
	cache_write_input_tokens BIGINT,
	output_tokens BIGINT,
	reasoning_output_tokens BIGINT,
	tool_calls BIGINT NOT NULL,
	cost_nanousd BIGINT,
	reserved_nanousd BIGINT NOT NULL,
	draws TEXT NOT NULL,
	PRIMARY KEY (id)
);
CREATE TABLE extensions (
	account_id TEXT NOT NULL,
	amount BIGINT NOT NULL,
	PRIMARY KEY (account_id)
);
CREATE TABLE key_digests (
	digest BLOB NOT NULL,
	key_id TEXT NOT NULL,
	until_s DOUBLE,
	PRIMARY KEY (digest)
);
CREATE TABLE key_ring (
	name TEXT NOT NULL,
	version BIGINT NOT NULL,
	fingerprint TEXT,
	secret BLOB,
	PRIMARY KEY (name)
);
CREATE TABLE leases (
	account_id TEXT NOT NULL,
	node TEXT NOT NULL,
	amount BIGINT NOT NULL,
	PRIMARY KEY (account_id, node)
)
 WITHOUT ROWID
;
CREATE TABLE nodes (
	node TEXT NOT NULL,
	until_s DOUBLE NOT NULL,
	PRIMARY KEY (node)
);
CREATE TABLE openclaw_schema (
	version_num VARCHAR(32) NOT NULL,
	CONSTRAINT openclaw_schema_pkc PRIMARY KEY (version_num)
);
INSERT INTO "openclaw_schema" VALUES('0005');
CREATE TABLE response_items (
	owner TEXT NOT NULL,
	id TEXT NOT NULL,
	response_id TEXT NOT NULL,
	PRIMARY KEY (owner, id),
	FOREIGN KEY(owner, response_id) REFERENCES responses (owner, id) ON DELETE CASCADE
)
 WITHOUT ROWID
;
CREATE TABLE responses (
	owner TEXT NOT NULL,
	id TEXT NOT NULL,
	previous_id TEXT,
	created_s BIGINT NOT NULL,
	expires_s BIGINT NOT NULL,
	request BLOB NOT NULL,
	response BLOB NOT NULL,
	PRIMARY KEY (owner, id)
);
CREATE TABLE runs (
	run TEXT NOT NULL,
	parent_run TEXT,
	"key" TEXT,
	started_ms BIGINT NOT NULL,
	last_ms BIGINT NOT NULL,
	stopped BOOLEAN NOT NULL,
	PRIMARY KEY (run)
);
CREATE TABLE spent (
	account_id TEXT NOT NULL,
	bucket_s BIGINT NOT NULL,
	amount BIGINT NOT NULL,
	counts_until_s BIGINT,
	last_s BIGINT NOT NULL,
	PRIMARY KEY (account_id, bucket_s)
)
 WITHOUT ROWID
;
CREATE TABLE wanted (
	account_id TEXT NOT NULL,
	node TEXT NOT NULL,
	PRIMARY KEY (account_id, node)
)
 WITHOUT ROWID
;
CREATE INDEX responses_by_expiry ON responses (expires_s);
CREATE INDEX items_by_response ON response_items (owner, response_id);
CREATE INDEX entries_by_time ON entries (time_unix_ms, id);
CREATE INDEX entries_by_key ON entries ("key", time_unix_ms);
CREATE INDEX entries_by_run ON entries (run);
CREATE INDEX runs_by_time ON runs (last_ms);
CREATE INDEX leases_by_node ON leases (node);
CREATE INDEX wanted_by_node ON wanted (node);
CREATE INDEX runs_stopped ON runs (run) WHERE stopped;
CREATE INDEX runs_by_parent ON runs (parent_run) WHERE parent_run IS NOT NULL;
CREATE UNIQUE INDEX caller_keys_by_name ON caller_keys (name);
CREATE INDEX caller_keys_by_version ON caller_keys (version);
CREATE INDEX digests_by_key ON key_digests (key_id);
CREATE INDEX answers_by_expiry ON answers (expires_s);
PRAGMA user_version=2;
