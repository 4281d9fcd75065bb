-- How far each partition of a rotation has come, for whoever watches it. Null until its first page, and where a node of
-- an earlier release carries the partition on: nothing but the display depends on it.

alter table vault.rotation_range add column reached_id uuid;
