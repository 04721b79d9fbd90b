\set ECHO none
-- Reloads the server's settings, and waits until this session has them.
select pg_conf_load_time() as loaded \gset
select pg_reload_conf() as sent \gset
\ir reloaded.sql
\set ECHO all
