-- What the agent found out about its node. Told when it changed: empty in most rows, the newest that is not empty counts.
ALTER TABLE agents_v1
    ADD COLUMN IF NOT EXISTS facts String DEFAULT '' COMMENT 'JSON (NodeFacts), or empty' CODEC(ZSTD(1));
