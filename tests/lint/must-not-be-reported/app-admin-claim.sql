-- finds: nothing
-- The server writes roles into app_metadata; staff of two kinds; users own a profile with columns
-- that only the staff may change; files of cases; an append-only log.
create table profile (id uuid primary key default auth.uid(), name text, verified bool not null
    default false);
create table case_file (id bigint primary key generated always as identity,
    client uuid not null, handler uuid, state text not null default 'new');
create table case_note (id bigint primary key generated always as identity,
    case_file bigint not null references case_file, author uuid not null default auth.uid(),
    body text not null);
create table log (id bigint primary key generated always as identity,
    actor uuid not null default auth.uid(), action text not null, at timestamptz not null
        default now());
create function staff_role() returns text language sql stable
as $$ select auth.jwt() -> 'app_metadata' ->> 'role' $$;
revoke update on profile from anon, authenticated;
grant update (name) on profile to authenticated;
revoke update, delete on log from anon, authenticated;
alter table profile enable row level security;
alter table case_file enable row level security;
alter table case_note enable row level security;
alter table log enable row level security;
create policy own_profile on profile for select to authenticated
    using (id = auth.uid() or (select staff_role()) is not null);
create policy make_profile on profile for insert to authenticated
    with check (id = auth.uid() and not verified);
create policy rename on profile for update to authenticated
    using (id = auth.uid()) with check (id = auth.uid());
create policy own_cases on case_file for select to authenticated
    using (client = auth.uid() or handler = auth.uid() or (select staff_role()) = 'lead');
create policy open_case on case_file for insert to authenticated
    with check (client = auth.uid() and handler is null and state = 'new');
create policy leads_assign on case_file for update to authenticated
    using ((select staff_role()) = 'lead') with check ((select staff_role()) = 'lead');
create policy notes_of_cases on case_note for select to authenticated
    using (exists (select from case_file c where c.id = case_note.case_file));
create policy add_note on case_note for insert to authenticated
    with check (author = auth.uid()
                and exists (select from case_file c where c.id = case_note.case_file));
create policy write_log on log for insert to authenticated with check (actor = auth.uid());
create policy leads_read on log for select to authenticated using ((select staff_role()) = 'lead');
