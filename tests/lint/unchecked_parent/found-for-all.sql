-- finds: unchecked_parent warning app.line_items own_items
-- FOR ALL, a composite key, a cast.
create table orders (shop int, no int, customer text, primary key (shop, no));
create table line_items (
    shop int, order_no int, customer text, what text,
    foreign key (shop, order_no) references orders);
alter table orders enable row level security;
alter table line_items enable row level security;
create policy own_orders on orders to authenticated using (customer = (auth.uid())::text);
create policy own_items on line_items to authenticated using ((auth.uid())::text = customer);

insert into orders values (1, 1, '00000000-0000-0000-0000-00000000000a');
select authguard.act_as_user('00000000-0000-0000-0000-00000000000b');
do $$ begin assert not exists (select from orders); end $$;
insert into line_items values (1, 1, auth.uid()::text, 'planted');
select authguard.act_reset();
