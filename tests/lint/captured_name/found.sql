-- finds: captured_name error app.objects team_files
-- `name` was meant to be the file's, and is the team's: whoever owns a team that is named like its
-- own number reads every file.
create table objects (id bigint primary key, bucket_id text, name text);
create table teams (id bigint primary key, name text, owner uuid);
alter table objects enable row level security;
alter table teams enable row level security;
create function foldername(name text) returns text[] language sql immutable as
$$ select string_to_array(name, '/') $$;
create policy own_teams on teams to authenticated using (owner = auth.uid());
create policy team_files on objects for select to authenticated using (
    bucket_id = 'teams' and exists (
        select 1 from teams
        where teams.id::text = (app.foldername(name))[1] and teams.owner = auth.uid()));

insert into objects values (1, 'teams', '7/secret.pdf');
select authguard.act_as_user('00000000-0000-0000-0000-00000000000b');
insert into teams values (1, '1/mine', auth.uid());
do $$ begin assert exists (select from objects); end $$;
select authguard.act_reset();
