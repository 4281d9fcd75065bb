-- The audit trail: immutable entries, sealed into a chain of signed blocks.

-- What somebody did, as one line of JSON. The columns beside it repeat parts of the line for queries; a verification
-- compares them. By month, so that the owner can drop one.
create table vault.audit_entry (
    at          timestamptz not null,
    id          uuid        not null,
    action      text        not null,
    outcome     text        not null constraint audit_outcome_is_known check (outcome in ('allowed', 'denied', 'failed')),
    caller      text,
    subject_tag bytea,
    line        text        not null,
    constraint audit_entry_is_unique primary key (at, id)
) partition by range (at);
create index audit_entry_by_subject on vault.audit_entry (subject_tag, at) where subject_tag is not null;

-- Which entry stands where in which block; a row of its own, for an entry is never changed.
create table vault.audit_block_entry (
    at       timestamptz not null,
    entry    uuid        not null,
    block    bigint      not null,
    position integer     not null,
    leaf     bytea       not null,
    constraint audit_entry_is_in_one_block primary key (at, entry)
) partition by range (at);
create index audit_block_entry_by_block on vault.audit_block_entry (block, position);

-- Whatever month no partition was made for, such as one of a clock that is wrong.
create table vault.audit_entry_other partition of vault.audit_entry default;
create table vault.audit_block_entry_other partition of vault.audit_block_entry default;

-- Entries that are in no block yet; written with the entry, taken away with its membership.
create table vault.audit_pending (
    at timestamptz not null,
    id uuid        not null,
    constraint audit_pending_is_unique primary key (at, id)
);

-- The chain. The number is the key, so it cannot fork.
create table vault.audit_block (
    number    bigint not null constraint audit_block_is_unique primary key
              constraint audit_blocks_start_at_one check (number >= 1),
    line      text   not null,
    signature bytea  not null
);

-- The sums of the template rows that there should be after the newest block, one of 32 bytes for each of 64 buckets.
create table vault.audit_state (
    one   boolean not null default true constraint one_audit_state primary key check (one),
    block bigint  not null,
    sums  bytea   not null
);

-- Makes the partitions of this month and the next three, where they are absent: all that the application may do to the
-- trail's tables. A month that has rows among the others already stays there.
create function vault.make_audit_months() returns integer
    language plpgsql security definer set search_path = pg_catalog as
$$
declare
    first timestamptz;
    made  integer := 0;
    name  text;
begin
    for ahead in 0..3 loop
        first := (date_trunc('month', now() at time zone 'UTC') + ahead * interval '1 month') at time zone 'UTC';
        name := to_char(first at time zone 'UTC', '_YYYY_MM');
        if to_regclass('vault.audit_entry' || name) is null then
            begin
                execute format('create table vault.%I partition of vault.audit_entry for values from (%L) to (%L)',
                    'audit_entry' || name, first,
                    ((first at time zone 'UTC') + interval '1 month') at time zone 'UTC');
                execute format('create table vault.%I partition of vault.audit_block_entry for values from (%L) to (%L)',
                    'audit_block_entry' || name, first,
                    ((first at time zone 'UTC') + interval '1 month') at time zone 'UTC');
                made := made + 1;
            exception
                when check_violation or duplicate_table then
                    raise notice 'The month % stays among the others', name;
            end;
        end if;
    end loop;
    return made;
end
$$;
revoke all on function vault.make_audit_months() from public;
select vault.make_audit_months();

-- The months whose entries the owner has dropped; the headers of their blocks stay.
create table vault.audit_pruned (
    month       text        not null constraint audit_pruned_is_unique primary key,
    approval_id uuid        not null,
    entries     bigint      not null,
    at          timestamptz not null
);

-- Drops the entries of a month that two people have given up, by the owner's role only: the application may not call it.
create function vault.drop_audit_month(wanted text) returns bigint
    language plpgsql set search_path = pg_catalog as
$$
declare
    name    text := '_' || replace(wanted, '-', '_');
    allowed uuid;
    dropped bigint;
begin
    if wanted !~ '^[0-9]{4}-(0[1-9]|1[0-2])$' or to_regclass('vault.audit_entry' || name) is null then
        raise exception 'There is no month % of the audit trail', wanted;
    end if;
    select id into allowed from vault.approval where kind = 'drop-audit-month' and subject = wanted
        and state = 'APPROVED' and decided_by <> requested_by and not_before <= now() and expires_at > now()
        order by decided_at limit 1 for update;
    if allowed is null then
        raise exception 'Two people have to give up the month %, and its waiting time has to be over', wanted;
    end if;
    execute format('select count(*) from vault.%I', 'audit_entry' || name) into dropped;
    if exists (select 1 from vault.audit_pending p where to_char(p.at at time zone 'UTC', 'YYYY-MM') = wanted) then
        raise exception 'Entries of the month % wait for their block', wanted;
    end if;
    execute format('drop table vault.%I', 'audit_entry' || name);
    execute format('drop table vault.%I', 'audit_block_entry' || name);
    insert into vault.audit_pruned (month, approval_id, entries, at) values (wanted, allowed, dropped, now());
    update vault.approval set state = 'CARRIED_OUT', ended_at = now() where id = allowed;
    return dropped;
end
$$;
revoke all on function vault.drop_audit_month(text) from public;

grant execute on function vault.make_audit_months() to ${app_role};
grant select, insert on vault.audit_entry, vault.audit_block_entry, vault.audit_block to ${app_role};
grant select, insert, delete on vault.audit_pending to ${app_role};
grant select on vault.audit_pruned to ${app_role};
grant select, insert, update on vault.audit_state to ${app_role};
