-- finds: open_without_caller error app.note not_a_stranger
-- finds: open_without_caller error app.note not_banned
-- finds: open_without_caller error app.note own_or_backend
-- finds: ownership_takeover error app.note not_a_stranger
-- Meant for jobs of the backend, and taken by every request without a token.
create table note (id int primary key, owner uuid not null);
alter table note enable row level security;
create policy own_or_backend on note for select using (auth.uid() is null or owner = auth.uid());
create policy not_a_stranger on note for update using (coalesce(owner = auth.uid(), true));
create policy not_banned on note for delete using ((owner <> auth.uid()) is not true);

insert into note values (1, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11');
set local role anon;
do $$
begin
    assert exists (select from note);
    delete from note;
    assert found;
end
$$;
reset role;
