-- Of the subjects whose rows did not open in a destruction's full pass, those that were not known to be damaged when the
-- version was left: the time for their repair begins with the pass.
alter table vault.destruction add column unlisted bigint not null default 0;

-- Whether the root key was in its key store when it was to be deleted; null before. One that was lost is not destroyed.
alter table vault.destruction add column root_key_found boolean;
