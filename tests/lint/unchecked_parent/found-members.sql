-- finds: unchecked_parent warning app.task add
-- The parent is seen by members only, through a helper.
create table board (id bigint primary key);
create table board_member (board_id bigint references board, user_id uuid, role text);
create table task (id bigint primary key, board bigint references board, creator uuid);
alter table board enable row level security;
alter table board_member enable row level security;
alter table task enable row level security;
create function on_board(b bigint) returns boolean language sql stable security definer
set search_path = app as
$$ select exists (select 1 from board_member m where m.board_id = b and m.user_id = auth.uid()) $$;
create policy see on board for select to authenticated using (on_board(id));
create policy see on board_member for select to authenticated using (on_board(board_id));
create policy add on task for insert to authenticated with check (creator = auth.uid());
create policy see on task for select to authenticated using (on_board(board));

insert into board values (1);
select authguard.act_as_user('00000000-0000-0000-0000-00000000000b');
insert into task values (1, 1, auth.uid());
select authguard.act_reset();
