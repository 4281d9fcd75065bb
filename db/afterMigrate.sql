-- After every migration, also one that finds nothing to do: from PostgreSQL 17 on the application may vacuum where it
-- erases. V3, V6 and V13 could not grant that where they ran on an older one, which pg_upgrade has replaced since.
do $$
declare
    lacking name;
begin
    if current_setting('server_version_num')::int >= 170000 then
        -- Of two nodes that grant at once, PostgreSQL would refuse one.
        perform pg_advisory_xact_lock(508441226359);
        for lacking in
            select c.relname from pg_class c
            where c.relnamespace = to_regnamespace('vault')
              and c.relname in ('subject_key', 'template', 'subject_reference', 'idempotency', 'idempotency_item',
                  'quarantine', 'reencrypt_mark', 'subject_retention', 'subject_hold', 'bulk_erasure_item')
              and not has_table_privilege('${app_role}'::regrole, c.oid, 'MAINTAIN')
        loop
            execute format('grant maintain on vault.%I to ${app_role}', lacking);
        end loop;
    end if;
end
$$;
