-- In an overload the collector keeps one of several plain served paths: this one stands for so many of them.
ALTER TABLE paths_v1
    ADD COLUMN IF NOT EXISTS weight UInt32 DEFAULT 1 COMMENT 'paths that this one stands for, itself included; more than 1 only where others were shed';
