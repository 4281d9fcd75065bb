-- Erasure: what became true of each, and when; the standing policy of the epoch; marks for re-encryption; erasures that
-- are applied again after a restore.

-- The version under which the subject stood; last_kek_version may be newer (a wrap that was rolled back is in the log).
alter table vault.erasure add column kek_version integer;
update vault.erasure set kek_version = last_kek_version;
alter table vault.erasure alter column kek_version set not null;

-- One row for each time that a subject was erased under this record; more than one after a restore. Every transaction
-- whose id is below gone_xid had begun before the rows were gone.
create table vault.erasure_round (
    erasure_id        uuid        not null,
    round             integer     not null constraint erasure_rounds_start_at_one check (round >= 1),
    at                timestamptz not null,
    first_kek_version integer     not null,
    last_kek_version  integer     not null,
    templates         integer     not null,
    gone_xid          bigint      not null,
    -- Taken over from a copy of the database with versions that this one does not know.
    unknown_version   boolean     not null default false,
    evicted_at        timestamptz,
    vacuumed_at       timestamptz,
    vacuumed_at_lsn   pg_lsn,
    cryptographic_at  timestamptz,
    physical_at       timestamptz,
    constraint erasure_round_is_unique primary key (erasure_id, round)
);
create index erasure_to_be_evicted on vault.erasure_round (erasure_id) where evicted_at is null;
create index erasure_to_be_vacuumed on vault.erasure_round (erasure_id) where vacuumed_at is null;
create index erasure_by_vacuum on vault.erasure_round (vacuumed_at);
create index erasure_not_complete on vault.erasure_round (erasure_id) where cryptographic_at is null or physical_at is null;
insert into vault.erasure_round (erasure_id, round, at, first_kek_version, last_kek_version, templates, gone_xid)
    select id, 1, logical_at, first_kek_version, last_kek_version, templates,
           pg_snapshot_xmax(pg_current_snapshot())::text::bigint from vault.erasure;
create index erased_subject_by_erasure on vault.erased_subject (erasure_id);

-- Every transaction id below it had ended before this node began anything that it still does with rows.
alter table vault.node add column cleared_xid bigint;

-- A copy that its keeper destroyed before its expiry.
alter table vault.copy add column destroyed_at timestamptz;
alter table vault.copy add column destroyed_by text;

-- What two people have decided once for every destruction of the epoch; in effect while its approval is.
create table vault.standing_policy (
    approval_id          uuid        not null constraint standing_policy_is_unique primary key,
    interval_ms          bigint      not null constraint epoch_is_positive check (interval_ms > 0),
    wait_ms              bigint      not null constraint policy_wait_is_not_negative check (wait_ms >= 0),
    quarantine_ms        bigint      not null constraint policy_quarantine_is_not_negative check (quarantine_ms >= 0),
    without_newer_backup boolean     not null,
    rate                 integer     constraint policy_rate_is_positive check (rate > 0),
    expires_at           timestamptz not null
);

-- What the full pass of a destruction could not open.
alter table vault.destruction add column refused bigint not null default 0;
alter table vault.destruction add column first_refused uuid;

-- Subjects of which a row was deleted: the next move gives them a new DEK.
create table vault.reencrypt_mark (
    subject_id uuid        not null constraint reencrypt_mark_is_unique primary key,
    marked_at  timestamptz not null
);

-- The walk that erases again whom a restored database has brought back.
create table vault.reapplication (
    one          boolean     not null default true constraint one_reapplication primary key check (one),
    id           uuid        not null,
    state        text        not null constraint reapplication_state_is_known check (state in ('WALKING', 'DONE')),
    imported     bigint      not null,
    reached_id   uuid,
    subjects     bigint      not null,
    erased       bigint      not null,
    reason       text        not null,
    requested_by text        not null,
    requested_at timestamptz not null,
    ended_at     timestamptz
);

-- Ids of subjects stay nowhere longer than they are needed.
delete from vault.rotation_range r using vault.rotation o where o.id = r.rotation_id and o.ended_at is not null;
update vault.destruction set reached_id = null where ended_at is not null;

grant select, insert on vault.erasure_round, vault.standing_policy to ${app_role};
grant update (evicted_at, vacuumed_at, vacuumed_at_lsn, cryptographic_at, physical_at, gone_xid) on vault.erasure_round to ${app_role};
grant select, insert, delete on vault.reencrypt_mark to ${app_role};
grant select, insert, update on vault.reapplication to ${app_role};

-- From PostgreSQL 17 on the application may vacuum where it erases. Before, only the owner can.
do $$
begin
    if current_setting('server_version_num')::int >= 170000 then
        execute 'grant maintain on vault.subject_key, vault.template, vault.subject_reference, vault.idempotency,'
            || ' vault.idempotency_item, vault.quarantine, vault.reencrypt_mark to ${app_role}';
    end if;
end
$$;
