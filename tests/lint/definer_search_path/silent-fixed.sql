-- finds: nothing
-- Names are looked up in a fixed path; or were when the function was made; or the function has no
-- more rights than its caller.
create table member (team int not null, user_id uuid not null);
create table task (id int primary key, team int not null);
create function by_path(of_team int) returns bool
language plpgsql stable security definer set search_path = '' as $$
begin
    return exists (select from app.member m where m.team = of_team and m.user_id = auth.uid());
end
$$;
create function by_body(of_team int) returns bool language sql stable security definer
begin atomic
    select exists (select from member m where m.team = of_team and m.user_id = auth.uid());
end;
create function as_caller(of_team int) returns bool language sql stable as $$
    select exists (select from app.member m where m.team = of_team and m.user_id = auth.uid())
$$;
alter table member enable row level security;
alter table task enable row level security;
create policy own on member for select to authenticated using (user_id = auth.uid());
create policy members on task for select to authenticated
    using (by_path(team) and by_body(team) and as_caller(team));
