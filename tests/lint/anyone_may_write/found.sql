-- finds: anyone_may_write error app.announcement manage
-- The author meant the staff; TO was left out, so requests without a token delete too.
create table announcement (id int primary key, body text not null);
alter table announcement enable row level security;
create policy read on announcement for select using (true);
create policy manage on announcement for all using (true) with check (true);

insert into announcement values (1, 'open');
set local role anon;
do $$
begin
    delete from announcement;
    assert found;
end
$$;
reset role;
