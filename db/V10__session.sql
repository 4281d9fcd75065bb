-- Who is signed in to the console. A row holds the hash of the cookie, never the cookie, and a tag by which the vault knows
-- its own rows: whoever writes to the database cannot sign anybody in. used_at is not under the tag.
create table vault.console_session (
    token_hash   bytea       not null constraint console_session_is_unique primary key,
    caller       text        not null,
    roles        text        not null,
    sign_in      text        not null constraint sign_in_is_known check (sign_in in ('password', 'openid')),
    signed_in_at timestamptz not null,
    ends_at      timestamptz not null,
    used_at      timestamptz not null,
    tag          bytea       not null
);
create index console_session_by_end on vault.console_session (ends_at);

grant select, insert, update, delete on vault.console_session to ${app_role};
