\echo Use "alter extension authguard update" to load this file. \quit

select authguard.close_grants(keep_doors => true);
