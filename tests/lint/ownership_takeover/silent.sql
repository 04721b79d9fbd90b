-- finds: nothing
-- The other branch may delete, too; the owner cannot be written; a trigger keeps it; an
-- administrator is no stranger; the check binds it.
create table d1 (id bigint primary key, owner uuid, editor uuid);
create table d2 (id bigint primary key, owner uuid, editor uuid);
create table d3 (id bigint primary key, owner uuid, editor uuid);
create table d4 (id bigint primary key, owner uuid, editor uuid);
create table d5 (id bigint primary key, owner uuid, editor uuid);
alter table d1 enable row level security;
alter table d2 enable row level security;
alter table d3 enable row level security;
alter table d4 enable row level security;
alter table d5 enable row level security;
create policy u on d1 for update to authenticated using (owner = auth.uid() or editor = auth.uid());
create policy d on d1 for delete to authenticated using (owner = auth.uid() or editor = auth.uid());
revoke update on d2 from anon, authenticated;
grant update (editor) on d2 to authenticated;
create policy u on d2 for update to authenticated using (owner = auth.uid() or editor = auth.uid());
create policy d on d2 for delete to authenticated using (owner = auth.uid());
create function keep_owner() returns trigger language plpgsql as
$$ begin new.owner := old.owner; return new; end $$;
create trigger keep before update on d3 for each row execute function keep_owner();
create policy u on d3 for update to authenticated using (owner = auth.uid() or editor = auth.uid());
create policy d on d3 for delete to authenticated using (owner = auth.uid());
create policy u on d4 for update to authenticated
    using (owner = auth.uid() or auth.jwt() ->> 'user_role' = 'admin');
create policy d on d4 for delete to authenticated using (owner = auth.uid());
create function owner_of(document bigint) returns uuid
language sql stable security definer set search_path = app as
$$ select owner from d5 where id = document $$;
create policy u on d5 for update to authenticated
    using (owner = auth.uid() or editor = auth.uid()) with check (owner = owner_of(id));
create policy d on d5 for delete to authenticated using (owner = auth.uid());
