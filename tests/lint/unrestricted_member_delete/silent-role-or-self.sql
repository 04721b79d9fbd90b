-- finds: nothing
-- Each way to ask for a role, for oneself, or for the owner.
create table team (id bigint primary key, owner_id uuid);
create table member (team_id bigint references team, user_id uuid, role text);
create table document (id bigint primary key, team_id bigint);
alter table team enable row level security;
alter table member enable row level security;
alter table document enable row level security;
create function has_role(t bigint, wanted text[]) returns boolean
language plpgsql stable security definer set search_path = app as $$
begin
    return exists (select 1 from member m
                    where m.team_id = t and m.user_id = auth.uid() and m.role = any (wanted));
end
$$;
create function role_in(t bigint) returns text
language sql stable security definer set search_path = app as
$$ select role from member where team_id = t and user_id = auth.uid() $$;
create function is_admin() returns boolean language sql stable as
$$ select coalesce(auth.jwt() ->> 'user_role' = 'admin', false) $$;
create policy see on member for select to authenticated
    using (role_in(team_id) is not null);
create policy leave on member for delete to authenticated using (user_id = auth.uid());
create policy by_role on member for delete to authenticated
    using (has_role(team_id, array['owner', 'admin']));
create policy by_rank on member for delete to authenticated
    using (role_in(team_id) in ('owner', 'admin') or user_id = (select auth.uid()));
create policy by_owner on member for delete to authenticated
    using (exists (select from team t where t.id = member.team_id and t.owner_id = auth.uid()));
create policy by_claim on member for delete to authenticated using (is_admin());
create policy members_read on document for select to authenticated using (
    exists (select from member m where m.team_id = document.team_id and m.user_id = auth.uid()));
