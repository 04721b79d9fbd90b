-- finds: confused_deputy error app.attachments attach
-- The reader goes through the link and on to a message; the check reads the message, not the file.
create table uploads (id uuid primary key, uploader uuid, body text);
create table messages (id bigint primary key, sender uuid, receiver uuid);
create table attachments (
    message_id bigint references messages, upload_id uuid references uploads);
alter table uploads enable row level security;
alter table messages enable row level security;
alter table attachments enable row level security;
create policy mine on messages to authenticated
    using (auth.uid() in (sender, receiver)) with check (sender = auth.uid());
create policy attach on attachments for insert to authenticated with check (
    exists (select 1 from messages m where m.id = message_id and m.sender = auth.uid()));
create policy see on attachments for select to authenticated using (
    message_id in (select m.id from messages m where auth.uid() in (m.sender, m.receiver)));
create policy own on uploads to authenticated using (uploader = auth.uid());
create policy attached on uploads for select to authenticated using (
    id in (select a.upload_id
             from attachments a join messages m on m.id = a.message_id
            where m.sender = auth.uid() or m.receiver = auth.uid()));

insert into uploads values (
    '00000000-0000-0000-0000-0000000000aa', '00000000-0000-0000-0000-00000000000a', 'secret');
select authguard.act_as_user('00000000-0000-0000-0000-00000000000b');
insert into messages values (1, auth.uid(), auth.uid());
do $$ begin assert not exists (select from uploads); end $$;
insert into attachments values (1, '00000000-0000-0000-0000-0000000000aa');
do $$ begin assert exists (select from uploads); end $$;
select authguard.act_reset();
