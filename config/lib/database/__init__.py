"""Django's PostgreSQL backend, with room for the plans of the pages people live in."""
