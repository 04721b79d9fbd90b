-- A session reads the settings between two statements, once the server has told it to.
select pg_conf_load_time() > :'loaded' as reloaded \gset
\if :reloaded
\else
    select pg_sleep(0.05) as slept \gset
    \ir reloaded.sql
\endif
