#!/bin/sh
# Run once by PostgreSQL's container, when its data folder is made: one role and one database for each service.
set -eu
for service in auth fit; do
    [ "$service" = auth ] && password=$AUTH_DATABASE_PASSWORD || password=$FIT_DATABASE_PASSWORD
    psql -v ON_ERROR_STOP=1 --quiet --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<SQL
CREATE ROLE $service LOGIN PASSWORD '$password';
CREATE DATABASE $service OWNER $service;
REVOKE ALL ON DATABASE $service FROM PUBLIC;
SQL
done
