-- These tables name subjects as well, and an erasure is physical only when their dead rows are gone too.
do $$
begin
    if current_setting('server_version_num')::int >= 170000 then
        execute 'grant maintain on vault.subject_retention, vault.subject_hold, vault.bulk_erasure_item to ${app_role}';
    end if;
end
$$;

-- How many tables the vacuum went through that a round's vacuumed_at is of. A node of the release before leaves it at the
-- seven that it knows, and its word is taken back by one that knows more.
alter table vault.erasure_round add column vacuumed_tables smallint not null default 7;
create index erasure_round_vacuumed_in_part on vault.erasure_round (vacuumed_tables) where vacuumed_at is not null;
grant update (vacuumed_tables) on vault.erasure_round to ${app_role};
