-- Retention: policies and their versions, which subject has which, last interactions, legal holds, bulk erasures. A day is
-- a day in UTC by the database's clock.

-- Versions are never changed. One that shortens a limit is published before it is in force.
create table vault.policy_version (
    name          text        not null,
    version       integer     not null constraint policy_versions_start_at_one check (version >= 1),
    purpose       text        not null,
    legal_basis   text        not null,
    max_age       text,
    max_idle      text,
    versions_kept integer     constraint a_policy_keeps_a_version check (versions_kept >= 1),
    published_by  text        not null,
    published_at  timestamptz not null,
    in_force_at   timestamptz not null,
    approval_id   uuid,
    constraint policy_version_is_unique primary key (name, version)
);

insert into vault.policy_version (name, version, purpose, legal_basis, max_age, max_idle, versions_kept, published_by,
    published_at, in_force_at)
values ('default', 1, 'Recognising a person who enrolled',
    'Consent, withdrawn at any time. Destroyed at the latest 3 years after the last interaction (740 ILCS 14/15(a))',
    null, 'P3Y', null, 'vault: default', now(), now() + interval '30 days');

-- The version of each policy that counts now. One that was replaced before its time never comes into force.
create view vault.policy_in_force as
select distinct on (p.name) p.*
from vault.policy_version p
where p.in_force_at <= now()
  and not exists (select 1 from vault.policy_version n
                  where n.name = p.name and n.version > p.version and n.published_at < p.in_force_at)
order by p.name, p.version desc;

-- What two people decide about: carried out only in the words of the approval.
create table vault.policy_proposal (
    approval_id   uuid    not null constraint policy_proposal_is_unique primary key,
    name          text    not null,
    version       integer not null,
    purpose       text    not null,
    legal_basis   text    not null,
    max_age       text,
    max_idle      text,
    versions_kept integer
);

-- A row of its own: it is written once a day at the most, and disturbs neither a rotation nor the subject's revision.
create table vault.subject_retention (
    subject_id          uuid not null constraint subject_retention_is_unique primary key,
    policy              text not null,
    enrolled_on         date not null,
    last_interaction_on date not null
) with (fillfactor = 80);

insert into vault.subject_retention (subject_id, policy, enrolled_on, last_interaction_on)
select k.subject_id, 'default', (k.created_at at time zone 'UTC')::date,
       (greatest(k.created_at, (select max(t.created_at) from vault.template t where t.subject_id = k.subject_id))
           at time zone 'UTC')::date
from vault.subject_key k;

create table vault.subject_hold (
    subject_id  uuid        not null,
    id          uuid        not null,
    reason      text        not null,
    set_by      text        not null,
    set_at      timestamptz not null,
    lift_reason text,
    lifted_by   text,
    lifted_at   timestamptz,
    constraint subject_hold_is_unique primary key (subject_id, id),
    constraint a_lifted_hold_has_a_person_and_a_reason check
        ((lifted_at is null) = (lifted_by is null) and (lifted_at is null) = (lift_reason is null))
);
create unique index one_hold_of_a_subject on vault.subject_hold (subject_id) where lifted_at is null;

create table vault.bulk_erasure (
    id           uuid        not null constraint bulk_erasure_is_unique primary key,
    state        text        not null constraint bulk_erasure_state_is_known check
                             (state in ('REQUESTED', 'RUNNING', 'PAUSED', 'FAILED', 'DONE', 'CANCELLED')),
    kind         text        not null constraint bulk_erasure_kind_is_known check (kind in ('list', 'query')),
    modality     text,
    older_than   text,
    due_by       date,
    reason       text        not null,
    requested_by text        not null,
    requested_at timestamptz not null,
    started_at   timestamptz,
    ended_at     timestamptz,
    total        bigint      not null,
    erased       bigint      not null default 0,
    held         bigint      not null,
    absent       bigint      not null,
    kept         bigint      not null default 0,
    failed       bigint      not null default 0
);
create index bulk_erasure_by_time on vault.bulk_erasure (requested_at);

-- A subject that is still to be erased, or that was left (outcome). Its row goes with the subject.
create table vault.bulk_erasure_item (
    subject_id uuid not null,
    bulk_id    uuid not null,
    outcome    text constraint bulk_erasure_outcome_is_known check (outcome in ('HELD', 'FAILED')),
    constraint bulk_erasure_item_is_unique primary key (subject_id, bulk_id)
);
create index bulk_erasure_item_by_bulk on vault.bulk_erasure_item (bulk_id, subject_id);

create table vault.bulk_erasure_receipt (
    bulk_id    uuid not null,
    erasure_id uuid not null,
    constraint bulk_erasure_receipt_is_unique primary key (bulk_id, erasure_id)
);

-- A schedule of another kind than that of rotations has no mode.
alter table vault.schedule alter column mode drop not null;

grant select on vault.policy_in_force to ${app_role};
grant select, insert on vault.policy_version, vault.policy_proposal, vault.bulk_erasure_receipt to ${app_role};
grant select, insert, update, delete on vault.subject_retention, vault.subject_hold, vault.bulk_erasure_item to ${app_role};
grant select, insert, update on vault.bulk_erasure to ${app_role};
