-- finds: unchecked_parent warning app.comments add_comment
-- A comment hangs below a project that its writer cannot see, and the project's owner reads it.
create table projects (id bigint primary key, owner uuid);
create table comments (
    id bigint primary key, project_id bigint references projects, author uuid, body text);
alter table projects enable row level security;
alter table comments enable row level security;
create policy own on projects to authenticated using (owner = auth.uid());
create policy add_comment on comments for insert to authenticated with check (author = auth.uid());
create policy read_comments on comments for select to authenticated using (
    author = auth.uid()
    or exists (select from projects p where p.id = project_id and p.owner = auth.uid()));

insert into projects values (1, '00000000-0000-0000-0000-00000000000a');
select authguard.act_as_user('00000000-0000-0000-0000-00000000000b');
do $$ begin assert not exists (select from projects); end $$;
insert into comments values (1, 1, auth.uid(), 'planted');
select authguard.act_as_user('00000000-0000-0000-0000-00000000000a');
do $$ begin assert exists (select from comments where body = 'planted'); end $$;
select authguard.act_reset();
