-- finds: anyone_may_write warning app.page anyone_edits
-- finds: anyone_may_write warning app.page anons_remove
-- A function of the row, and the role of requests without a token, ask for nobody.
create table page (id int primary key, slug text not null);
create function is_wiki(slug text) returns bool language sql immutable
as $$ select slug like 'wiki/%' $$;
alter table page enable row level security;
create policy read on page for select using (true);
create policy anyone_edits on page for update using (is_wiki(slug));
create policy anons_remove on page for delete using (auth.role() = 'anon' and is_wiki(slug));

insert into page values (1, 'wiki/home');
select authguard.act_as('anon', '{"role": "anon"}');
do $$
begin
    update page set slug = 'wiki/defaced' where id = 1;
    assert found;
    delete from page where id = 1;
    assert found;
end
$$;
select authguard.act_reset();
