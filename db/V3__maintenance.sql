-- After a rotation the application vacuums what it has rewritten. Before PostgreSQL 17 only a table's owner may do so,
-- and autovacuum does it in its own time.
do $grant$
begin
    if current_setting('server_version_num')::integer >= 170000 then
        execute 'grant maintain on vault.subject_key, vault.template to ${app_role}';
    end if;
end
$grant$;
