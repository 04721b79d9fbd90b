-- finds: commands_test_different_columns error app.reports assignee_updates
-- The assignee may write the column that DELETE tests.
create table reports (id bigint primary key, author uuid, assignee uuid);
alter table reports enable row level security;
create policy read on reports for select to authenticated
    using (author = auth.uid() or assignee = auth.uid());
create policy assignee_updates on reports for update to authenticated
    using (assignee = auth.uid());
create policy author_deletes on reports for delete to authenticated using (author = auth.uid());

insert into reports values
    (1, '00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-00000000000b');
select authguard.act_as_user('00000000-0000-0000-0000-00000000000b');
update reports set author = auth.uid();
delete from reports;
select authguard.act_reset();
do $$ begin assert not exists (select from reports); end $$;
