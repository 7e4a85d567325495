"""Embedded services: PostgreSQL and Valkey from wheels, one supervisor, two commands.

`python -m config.lib.services run` is `make run`; `… with -- COMMAND` lends a command fresh
services for its lifetime (`make test`); `… roles` prepares the database roles on a server of
one's own. Nothing here knows the applications above config.lib except by their command names.
"""
