.bail off
.echo off
.headers on
.read schema.sql
.read queries.sql
.read changes.sql
.read search.sql
.read shell.sql
