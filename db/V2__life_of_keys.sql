-- The life of keys: nodes, what is wrapped, two people, destruction and its certificate, registered copies.

alter table vault.key_version drop constraint key_state_is_known;
alter table vault.key_version add constraint key_state_is_known check
    (state in ('PRE_ACTIVE', 'ACTIVE', 'DEACTIVATED', 'COMPROMISED', 'DESTROYING', 'DESTROYED'));
alter table vault.key_version add column compromised_at timestamptz;
-- The suite of the DEKs that are made under this version; null for the configured one.
alter table vault.key_version add column data_suite text;
-- Derived from the KEK, one way: a node that computes it can use the KEK.
alter table vault.key_version add column fingerprint bytea;

-- The nodes that were alive lately, and the versions that each can unwrap with.
create table vault.node (
    id         uuid        not null constraint node_is_unique primary key,
    name       text        not null,
    started_at timestamptz not null,
    seen_at    timestamptz not null,
    held       integer[]   not null
);

-- Wraps under each KEK, reserved in blocks before they are made: never fewer than were made.
create table vault.wrap_count (
    kek_version integer not null constraint wrap_count_is_unique primary key,
    reserved    bigint  not null constraint wraps_are_not_negative check (reserved >= 0)
);

-- The cluster and timeline on which the counts above are complete: a restored or promoted database is another.
create table vault.database_identity (
    one               boolean not null default true constraint one_database_identity primary key check (one),
    system_identifier text    not null,
    timeline          text    not null
);

alter table vault.rotation add column compromised_version integer;
alter table vault.rotation add column backing_off text;

alter table vault.quarantine add column class text not null default 'CORRUPT'
    constraint quarantine_class_is_known check (class in ('WRONG_KEY', 'MOVED_ROW', 'CORRUPT', 'STALE', 'KEY_DESTROYED'));

create table vault.schedule (
    name       text        not null constraint schedule_is_unique primary key,
    enabled    boolean     not null,
    max_age_ms bigint      constraint schedule_age_is_positive check (max_age_ms > 0),
    max_wraps  bigint      constraint schedule_wraps_are_positive check (max_wraps > 0),
    mode       text        not null constraint schedule_mode_is_known check (mode in ('reencrypt', 'rewrap')),
    rate       integer     constraint schedule_rate_is_positive check (rate > 0),
    updated_by text        not null,
    updated_at timestamptz not null
);

-- What one person asked for and another must approve; bound to the exact request by its hash.
create table vault.approval (
    id           uuid        not null constraint approval_is_unique primary key,
    kind         text        not null,
    subject      text        not null,
    request      text        not null,
    request_hash bytea       not null,
    state        text        not null constraint approval_state_is_known check
                             (state in ('REQUESTED', 'APPROVED', 'REJECTED', 'CANCELLED', 'CARRIED_OUT')),
    requested_by text        not null,
    requested_at timestamptz not null,
    decided_by   text,
    decided_at   timestamptz,
    not_before   timestamptz,
    expires_at   timestamptz not null,
    ended_at     timestamptz,
    constraint nobody_approves_his_own_request check (state not in ('APPROVED', 'CARRIED_OUT') or decided_by <> requested_by),
    constraint a_decision_has_a_person check (state not in ('APPROVED', 'CARRIED_OUT') or decided_by is not null)
);

create table vault.destruction (
    id           uuid        not null constraint destruction_is_unique primary key,
    version      integer     not null,
    approval_id  uuid        not null,
    state        text        not null constraint destruction_state_is_known check
                             (state in ('REQUESTED', 'PASSING', 'WAITING', 'MATERIAL_GONE', 'REPLAYED', 'ROOT_KEY_GONE',
                                        'DESTROYED', 'CANCELLED', 'FAILED')),
    requested_by text        not null,
    requested_at timestamptz not null,
    reached_id   uuid,
    subjects     bigint      not null default 0,
    templates    bigint      not null default 0,
    passed_at    timestamptz,
    gone_at_lsn  pg_lsn,
    failure      text,
    ended_at     timestamptz
);
create unique index one_destruction_of_a_version on vault.destruction (version)
    where state not in ('CANCELLED', 'FAILED');

create table vault.signing_key (
    number     integer     not null constraint signing_key_is_unique primary key,
    public_key bytea       not null,
    created_at timestamptz not null
);

create table vault.certificate (
    version    integer     not null constraint certificate_is_unique primary key,
    body       bytea       not null,
    signature  bytea       not null,
    key_number integer     not null,
    at         timestamptz not null
);

-- Backups that somebody registered; the vault neither makes nor reads them.
create table vault.copy (
    id            uuid        not null constraint copy_is_unique primary key,
    kind          text        not null constraint copy_kind_is_known check (kind in ('database', 'wal', 'keystore')),
    name          text        not null,
    taken_at      timestamptz not null,
    expires_at    timestamptz not null,
    registered_by text        not null,
    registered_at timestamptz not null,
    constraint a_copy_expires_after_it_is_taken check (expires_at > taken_at)
);

-- What was released from quarantine by two people, counted for the certificate of the version it stood under.
alter table vault.erasure add column released boolean not null default false;

grant select, insert, update, delete on all tables in schema vault to ${app_role};
revoke insert, update, delete on vault.flyway_schema_history from ${app_role};
revoke update, delete on vault.erased_subject, vault.erasure from ${app_role};
revoke update, delete on vault.vault_identity, vault.signing_key, vault.certificate from ${app_role};
revoke delete on vault.approval, vault.destruction from ${app_role};
