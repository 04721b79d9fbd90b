-- finds: nothing
-- Guarded tables, as the pages make them: revoked users see nothing, and write nothing.
create table note (id bigint primary key generated always as identity,
    owner uuid not null default auth.uid(), body text not null);
create table shared_note (note bigint not null references note, with_user uuid not null,
    primary key (note, with_user));
create function owns(some_note bigint) returns bool
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
    select exists (select from note n where n.id = some_note and n.owner = auth.uid());
end;
revoke all on note, shared_note from anon;
create policy own_notes on note to authenticated using (owner = auth.uid());
create policy shared_notes on note for select to authenticated
    using (exists (select from shared_note s where s.note = note.id and s.with_user = auth.uid()));
create policy shared_with_me on shared_note for select to authenticated
    using (with_user = auth.uid());
create policy own_shares on shared_note to authenticated using (owns(note)) with check (owns(note));
select authguard.guard_table('note'), authguard.guard_table('shared_note', 'user');
revoke execute on function owns from public;
grant execute on function owns to authenticated;
