-- What ClickHouse confirmed must outlive a power failure: the collector's log lets go of it then, and the agent's spool.
ALTER TABLE legs_v1 MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1;
ALTER TABLE refusals_v1 MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1;
ALTER TABLE proxy_links_v1 MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1;
ALTER TABLE proxy_headers_v1 MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1;
ALTER TABLE exchanges_v1 MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1;
ALTER TABLE agents_v1 MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1;
ALTER TABLE paths_v1 MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1;
