-- When the audit trail was last verified, by whom, and what came of it: the console says when that was long ago.
create table vault.audit_verification (
    id        uuid        not null constraint audit_verification_is_unique primary key,
    at        timestamptz not null,
    caller    text        not null,
    found     bigint      not null constraint findings_are_counted check (found >= 0),
    blocks    bigint      not null,
    entries   bigint      not null,
    templates bigint      not null
);
create index audit_verification_by_time on vault.audit_verification (at);

grant select, insert on vault.audit_verification to ${app_role};
