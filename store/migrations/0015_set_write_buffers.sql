-- Write buffers that start small and grow: with a megabyte or more for each column file, one merge of paths took more than
-- the embedded engine has (400 MB), and inserts were refused meanwhile.
ALTER TABLE paths_v1 MODIFY SETTING min_columns_to_activate_adaptive_write_buffer = 1;
ALTER TABLE service_minutes_v1 MODIFY SETTING min_columns_to_activate_adaptive_write_buffer = 1;
ALTER TABLE service_hours_v1 MODIFY SETTING min_columns_to_activate_adaptive_write_buffer = 1;
ALTER TABLE hop_minutes_v1 MODIFY SETTING min_columns_to_activate_adaptive_write_buffer = 1;
ALTER TABLE hop_hours_v1 MODIFY SETTING min_columns_to_activate_adaptive_write_buffer = 1;
