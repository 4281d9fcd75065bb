-- Making a partition locks the whole trail (PostgreSQL manual, CREATE TABLE, PARTITION OF), and every request writes to it:
-- whoever reads it at that moment, for an export or a dump, must not make all others wait behind this. It is tried again
-- every minute, and the months are made three ahead.
create or replace function vault.make_audit_months() returns integer
    language plpgsql security definer set search_path = pg_catalog set lock_timeout = '500ms' as
$$
declare
    first timestamptz;
    next  timestamptz;
    made  integer := 0;
    name  text;
begin
    for ahead in 0..3 loop
        first := (date_trunc('month', now() at time zone 'UTC') + ahead * interval '1 month') at time zone 'UTC';
        next := ((first at time zone 'UTC') + interval '1 month') at time zone 'UTC';
        name := to_char(first at time zone 'UTC', '_YYYY_MM');
        -- A month that has rows among the others stays there, and is not worth a lock.
        if to_regclass('vault.audit_entry' || name) is null
            and not exists (select 1 from vault.audit_entry_other where at >= first and at < next) then
            begin
                execute format('create table vault.%I partition of vault.audit_entry for values from (%L) to (%L)',
                    'audit_entry' || name, first, next);
                execute format('create table vault.%I partition of vault.audit_block_entry for values from (%L) to (%L)',
                    'audit_block_entry' || name, first, next);
                made := made + 1;
            exception
                when check_violation or duplicate_table then
                    raise notice 'The month % stays among the others', name;
                when lock_not_available then
                    raise notice 'Somebody reads the trail: the month % is made later', name;
                    return made;
            end;
        end if;
    end loop;
    return made;
end
$$;

-- The same for whoever drops one: he is told, and tries again.
alter function vault.drop_audit_month(text) set lock_timeout = '5s';

-- How many milliseconds a node's clock was before the database's when it last reported; negative for behind.
alter table vault.node add column clock_ms bigint;
