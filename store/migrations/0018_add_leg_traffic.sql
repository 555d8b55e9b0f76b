-- What a connection carried at a tap until the leg was told, from sequence numbers. Rows of agents that do not tell it
-- have no client_bytes; then the other columns mean nothing.
ALTER TABLE legs_v1
    ADD COLUMN IF NOT EXISTS client_bytes Nullable(UInt64) COMMENT 'payload from the client; NULL: not told' CODEC(T64, ZSTD(1)),
    ADD COLUMN IF NOT EXISTS server_bytes Nullable(UInt64) COMMENT 'payload from the server; NULL: not told, or none of its packets passed here' CODEC(T64, ZSTD(1)),
    ADD COLUMN IF NOT EXISTS client_retransmits UInt32 COMMENT 'segments of payload from the client that showed this tap nothing new' CODEC(T64, ZSTD(1)),
    ADD COLUMN IF NOT EXISTS server_retransmits UInt32 CODEC(T64, ZSTD(1)),
    ADD COLUMN IF NOT EXISTS closed_by Enum8('nobody' = 0, 'client' = 1, 'server' = 2, 'agent' = 3) COMMENT 'whose FIN came first, or whose reset; agent: it follows the leg no longer';
