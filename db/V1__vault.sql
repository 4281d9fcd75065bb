-- The vault's tables. Everything here also runs on a distributed PostgreSQL: ids made by the application, the
-- distribution column (subject_id) in every primary key of a table about subjects, no triggers, no foreign key between
-- large tables. No index on a key version, a revision or a DEK number: with one, no rotation update is HOT.

create table vault.vault_identity (
    one        boolean     not null default true constraint one_vault_per_database primary key check (one),
    id         uuid        not null,
    created_at timestamptz not null
);

-- Metadata of each KEK version, kept for ever.
create table vault.key_version (
    version        integer     not null constraint key_version_is_unique primary key
                               constraint key_versions_start_at_one check (version >= 1),
    state          text        not null constraint key_state_is_known check
                               (state in ('PRE_ACTIVE', 'ACTIVE', 'DEACTIVATED', 'COMPROMISED', 'DESTROYED')),
    key_store      text        not null,
    root_key_alias text        not null,
    wrap_suite     text        not null,
    created_at     timestamptz not null,
    activated_at   timestamptz,
    deactivated_at timestamptz,
    destroyed_at   timestamptz
);
create unique index one_key_version_is_active on vault.key_version ((true)) where state = 'ACTIVE';

-- The wrapped KEK. What a KEK wraps references this row, so PostgreSQL itself refuses to destroy a version in use.
create table vault.key_material (
    version integer not null constraint key_material_is_unique primary key
                    constraint key_material_has_a_version references vault.key_version (version) on delete restrict,
    wrapped bytea   not null
);

create table vault.service_key (
    purpose     text        not null constraint service_key_purpose_is_known check
                            (purpose in ('REFERENCE_INDEX', 'IDEMPOTENCY', 'TOMBSTONE', 'ROW_HASH', 'SIGNING')),
    number      integer     not null constraint service_key_numbers_start_at_one check (number >= 1),
    kek_version integer     not null constraint service_key_is_wrapped_by_a_living_version
                            references vault.key_material (version) on delete restrict,
    wrapped     bytea       not null,
    created_at  timestamptz not null,
    constraint service_key_is_unique primary key (purpose, number)
);

create table vault.subject_key (
    subject_id        uuid        not null constraint subject_key_is_unique primary key,
    dek_number        integer     not null constraint dek_numbers_start_at_one check (dek_number >= 1),
    revision          bigint      not null constraint revisions_start_at_one check (revision >= 1),
    kek_version       integer     not null constraint subject_key_is_wrapped_by_a_living_version
                                  references vault.key_material (version) on delete restrict,
    first_kek_version integer     not null,
    wrap_suite        text        not null,
    data_suite        text        not null,
    wrapped           bytea       not null,
    reference         bytea,
    stored_bytes      bigint      not null constraint stored_bytes_are_not_negative check (stored_bytes >= 0),
    created_at        timestamptz not null
) with (fillfactor = 50);
alter table vault.subject_key alter column wrapped set storage external;
alter table vault.subject_key alter column reference set storage external;

create table vault.template (
    subject_id        uuid        not null,
    id                uuid        not null,
    version           integer     not null constraint template_versions_start_at_one check (version >= 1),
    dek_number        integer     not null,
    modality          text        not null,
    position          text,
    format            text        not null,
    quality           integer     constraint quality_is_a_percentage check (quality between 0 and 100),
    extractor_name    text,
    extractor_version text,
    created_at        timestamptz not null,
    created_by        text        not null,
    envelope          bytea       not null,
    constraint template_version_is_unique primary key (subject_id, id, version)
) with (fillfactor = 50);
alter table vault.template alter column envelope set storage external;

-- The one table about a subject that is not keyed by subject_id: found by the tag of the caller's own reference.
create table vault.subject_reference (
    tag              bytea   not null,
    index_key_number integer not null,
    subject_id       uuid    not null,
    constraint reference_is_unique primary key (tag, index_key_number)
);
create index reference_by_subject on vault.subject_reference (subject_id);

create table vault.erased_subject (
    tag        bytea       not null,
    key_number integer     not null,
    erasure_id uuid        not null,
    erased_at  timestamptz not null,
    constraint erased_subject_is_unique primary key (tag, key_number)
);

-- What stays of an erasure: no subject id, only the pseudonym under the subject's own tag key, which is destroyed.
create table vault.erasure (
    id                uuid        not null constraint erasure_is_unique primary key,
    pseudonym         bytea,
    reason            text        not null,
    requested_by      text        not null,
    logical_at        timestamptz not null,
    first_kek_version integer     not null,
    last_kek_version  integer     not null,
    templates         integer     not null
);

-- Insert-only deltas of the subjects per KEK version, folded in the background; never a row that requests update.
create table vault.subject_count (
    id          uuid        not null constraint subject_count_is_unique primary key,
    kek_version integer     not null,
    kind        text        not null constraint subject_count_kind_is_known check
                            (kind in ('CREATED', 'MOVED_IN', 'MOVED_OUT', 'ERASED')),
    rotation_id uuid,
    subjects    bigint      not null,
    at          timestamptz not null
);

create table vault.idempotency (
    caller      text        not null,
    key         text        not null,
    key_number  integer     not null,
    fingerprint bytea       not null,
    status      integer     not null,
    subject_id  uuid,
    resource_id uuid,
    version     integer,
    created_at  timestamptz not null,
    constraint idempotency_key_is_unique primary key (caller, key)
);
create index idempotency_by_age on vault.idempotency (created_at);
create index idempotency_by_subject on vault.idempotency (subject_id);

create table vault.idempotency_item (
    caller      text    not null,
    key         text    not null,
    item        integer not null,
    kind        text,
    code        text,
    field       text,
    subject_id  uuid,
    resource_id uuid,
    version     integer,
    constraint idempotency_item_is_unique primary key (caller, key, item)
);
create index idempotency_item_by_subject on vault.idempotency_item (subject_id);

create table vault.rotation (
    id            uuid        not null constraint rotation_is_unique primary key,
    state         text        not null constraint rotation_state_is_known check
                              (state in ('REQUESTED', 'STAGED', 'ACTIVATED', 'REENCRYPTING', 'PAUSED', 'VERIFYING',
                                         'DRAINED', 'DRAINED_WITH_QUARANTINE', 'CANCELLED', 'FAILED')),
    mode          text        not null constraint rotation_mode_is_known check (mode in ('reencrypt', 'rewrap')),
    reason        text        not null constraint rotation_reason_is_known check
                              (reason in ('scheduled', 'manual', 'compromise')),
    data_suite    text        not null,
    from_version  integer     not null,
    to_version    integer     not null,
    total         bigint      not null default 0,
    erased_before bigint      not null default 0,
    ended_done         bigint,
    ended_remaining    bigint,
    ended_quarantined  bigint,
    ended_erased       bigint,
    rate          integer     constraint rotation_rate_is_positive check (rate > 0),
    requested_by  text        not null,
    requested_at  timestamptz not null,
    started_at    timestamptz,
    ended_at      timestamptz
);
create unique index one_rotation_is_open on vault.rotation ((true))
    where state in ('REQUESTED', 'STAGED', 'ACTIVATED', 'REENCRYPTING', 'PAUSED', 'VERIFYING', 'FAILED');

-- The ranges of a rotation's partitions, kept: a restarted job must meet the ranges that its checkpoints belong to.
create table vault.rotation_range (
    rotation_id uuid    not null constraint range_belongs_to_a_rotation references vault.rotation (id),
    number      integer not null,
    after_id    uuid    not null,
    up_to_id    uuid    not null,
    constraint rotation_range_is_unique primary key (rotation_id, number)
);

create table vault.quarantine (
    subject_id  uuid        not null,
    template_id uuid        not null,
    version     integer     not null,
    id          uuid        not null,
    rotation_id uuid        not null,
    reason      text        not null,
    at          timestamptz not null,
    constraint quarantined_row_is_unique primary key (subject_id, template_id, version)
);

-- Who may do what only one node does. The token grows with each new owner and fences the writes of an old one.
create table vault.lease (
    name       text        not null constraint lease_is_unique primary key,
    owner      uuid        not null,
    token      bigint      not null,
    expires_at timestamptz not null
);

grant usage on schema vault to ${app_role};
grant select, insert, update, delete on all tables in schema vault to ${app_role};
revoke insert, update, delete on vault.flyway_schema_history from ${app_role};
revoke update, delete on vault.erased_subject, vault.erasure from ${app_role};
revoke update, delete on vault.vault_identity from ${app_role};

-- The server's own job repository: its tables are made by the server, in a schema of their own.
create schema batch;
grant usage, create on schema batch to ${app_role};
