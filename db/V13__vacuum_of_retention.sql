-- These tables name subjects as well, and an erasure is physical only when their dead rows are gone too.
do $$
begin
    if current_setting('server_version_num')::int >= 170000 then
        execute 'grant maintain on vault.subject_retention, vault.subject_hold, vault.bulk_erasure_item to ${app_role}';
    end if;
end
$$;

-- What was said before was said without them: the next vacuum says it again.
update vault.erasure_round set vacuumed_at = null, vacuumed_at_lsn = null, physical_at = null;
