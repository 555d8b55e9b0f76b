-- Of refused paths, beside their document: who sent the SYN and where to, and what is said of it. They are few and lie
-- apart, so that reading their documents meant to unpack those of all others. Rows from before are read from theirs.
ALTER TABLE paths_v1
    ADD COLUMN IF NOT EXISTS refusal_hops String DEFAULT if(refusal_kind = 'none', '', JSONExtractRaw(document, 'hops')) COMMENT 'JSON array; empty: not refused' CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS refusal_text String DEFAULT JSONExtractString(document, 'refusal', 'text') COMMENT 'cause in words' CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS refusal_remedy String DEFAULT JSONExtractString(document, 'refusal', 'remedy') CODEC(ZSTD(1));
