-- Two databases, and who may do what. For psql as the server's administrator, with the passwords as variables:
--   psql -v writer=… -v reader=… -v dagster=… -f roles.sql
-- The lake's writer owns its tables; readers see rows and can neither write nor take the writer's place.
CREATE ROLE jvom_writer LOGIN PASSWORD :'writer';
CREATE ROLE jvom_reader LOGIN PASSWORD :'reader';
CREATE ROLE dagster LOGIN PASSWORD :'dagster';

CREATE DATABASE jvom OWNER jvom_writer;
CREATE DATABASE dagster OWNER dagster;
REVOKE ALL ON DATABASE jvom, dagster FROM PUBLIC;
GRANT CONNECT ON DATABASE jvom TO jvom_reader;

\connect jvom
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT ALL ON SCHEMA public TO jvom_writer;
GRANT USAGE ON SCHEMA public TO jvom_reader;
ALTER DEFAULT PRIVILEGES FOR ROLE jvom_writer IN SCHEMA public GRANT SELECT ON TABLES TO jvom_reader;
-- The lock of the one writer is an advisory one, which anybody who may connect could hold.
DO $$
DECLARE lock regprocedure;
BEGIN
  FOR lock IN SELECT oid FROM pg_proc WHERE proname ~ '^pg_(try_)?advisory_' LOOP
    EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', lock);
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO jvom_writer', lock);
  END LOOP;
END $$;

\connect dagster
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT ALL ON SCHEMA public TO dagster;
