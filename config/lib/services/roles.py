"""The database's two logins and the database itself, on any PostgreSQL from 15 on.

`owner` owns the database and its schema and runs migrations; `app` owns nothing, may not bypass
row security and is a member of no role. Privileges on tables belong to the migrations. Everything
here may be run again at any time; run again, it also sets the passwords anew.
"""

from __future__ import annotations

from dataclasses import dataclass

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from config.lib.services.errors import ServiceError

# Any constant will do: two runs at the same moment take turns.
PREPARING = 7_102_025


@dataclass(frozen=True)
class Login:
    name: str
    password: str


def prepare_roles(
    superuser_dsn: str,
    *,
    database: str,
    owner: Login,
    app: Login,
    owner_may_create_databases: bool = False,
) -> None:
    """Make roles and database what they must be. `owner_may_create_databases`: for tests only."""
    if owner.name == app.name:
        message = f"所有者とアプリケーションのログインが同じ名前（{app.name}）です。"
        raise ServiceError(message)
    try:
        with psycopg.connect(superuser_dsn, autocommit=True, connect_timeout=10) as connection:
            connection.execute("SELECT pg_advisory_lock(%s)", [PREPARING])
            _ensure_login(connection, owner, createdb=owner_may_create_databases)
            _ensure_login(connection, app, createdb=False)
            _refuse_membership(connection, app)
            # What one connection asks holds names and texts; the others of the same login could
            # read it in pg_stat_activity. Only a superuser can switch this on again.
            connection.execute(
                sql.SQL("ALTER ROLE {} SET track_activities = off").format(sql.Identifier(app.name))
            )
            if owner_may_create_databases:
                _ensure_tester(connection, owner, app)
            _ensure_database(connection, database, owner, app)
        with psycopg.connect(
            superuser_dsn, dbname=database, autocommit=True, connect_timeout=10
        ) as connection:
            _settle_schema(connection, owner, app)
    except psycopg.Error as error:
        text = str(error).strip().splitlines()
        message = f"データベースの役割を準備できません（{text[0] if text else '不明'}）。"
        raise ServiceError(message) from error


def prepare_roles_from_urls(
    superuser_url: str, owner_url: str, app_url: str, *, for_tests: bool = False
) -> None:
    """The same for servers given by address: names and passwords stand in the two URLs."""
    try:
        owner, app = (conninfo_to_dict(url) for url in (owner_url, app_url))
    except psycopg.ProgrammingError as error:
        message = "DATABASE_URL か DATABASE_OWNER_URL の書き方が正しくありません。"
        raise ServiceError(message) from error
    if not all(parts.get(key) for parts in (owner, app) for key in ("user", "password", "dbname")):
        message = (
            "DATABASE_URL と DATABASE_OWNER_URL には名前・パスワード・データベース名が要ります。"
        )
        raise ServiceError(message)
    if owner.get("dbname") != app.get("dbname"):
        message = "DATABASE_URL と DATABASE_OWNER_URL のデータベース名が違います。"
        raise ServiceError(message)
    prepare_roles(
        superuser_url,
        database=str(app["dbname"]),
        owner=Login(str(owner["user"]), str(owner["password"])),
        app=Login(str(app["user"]), str(app["password"])),
        owner_may_create_databases=for_tests,
    )


def _ensure_login(connection: psycopg.Connection, login: Login, *, createdb: bool) -> None:
    known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [login.name]).fetchone()
    # A verifier, not the password: the statement may end up in the server's log.
    verifier = connection.pgconn.encrypt_password(
        login.password.encode(), login.name.encode(), b"scram-sha-256"
    ).decode()
    connection.execute(
        sql.SQL(
            "{verb} ROLE {name} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOREPLICATION "
            "{createdb} PASSWORD {verifier}"
        ).format(
            verb=sql.SQL("ALTER" if known else "CREATE"),
            name=sql.Identifier(login.name),
            createdb=sql.SQL("CREATEDB" if createdb else "NOCREATEDB"),
            verifier=sql.Literal(verifier),
        )
    )


def _ensure_tester(connection: psycopg.Connection, owner: Login, app: Login) -> None:
    """The suite's login: the application's role from the first statement on, and the owner's while
    a test builds the city that the application may not write."""
    tester = Login(f"{app.name}_tester", app.password)
    _ensure_login(connection, tester, createdb=False)
    names = {
        "tester": sql.Identifier(tester.name),
        "owner": sql.Identifier(owner.name),
        "app": sql.Identifier(app.name),
    }
    for statement in (
        "ALTER ROLE {tester} NOINHERIT",
        "GRANT {owner} TO {tester}",
        "GRANT {app} TO {tester}",
    ):
        connection.execute(sql.SQL(statement).format(**names))


def _refuse_membership(connection: psycopg.Connection, app: Login) -> None:
    """A member of the owner could SET ROLE past every policy."""
    groups = connection.execute(
        """
        SELECT string_agg(granted.rolname, ', ')
        FROM pg_auth_members
        JOIN pg_roles granted ON granted.oid = roleid
        JOIN pg_roles member ON member.oid = pg_auth_members.member
        WHERE member.rolname = %s
        """,
        [app.name],
    ).fetchone()
    if groups and groups[0]:
        message = (
            f"役割 {app.name} が別の役割（{groups[0]}）の一員です。行の保護を守るため始めません。"
            "REVOKE で外してください。"
        )
        raise ServiceError(message)


def _ensure_database(
    connection: psycopg.Connection, database: str, owner: Login, app: Login
) -> None:
    names = {
        "database": sql.Identifier(database),
        "owner": sql.Identifier(owner.name),
        "app": sql.Identifier(app.name),
    }
    if not connection.execute(
        "SELECT 1 FROM pg_database WHERE datname = %s", [database]
    ).fetchone():
        connection.execute(
            sql.SQL(
                "CREATE DATABASE {database} OWNER {owner} TEMPLATE template0 ENCODING 'UTF8'"
            ).format(**names)
        )
    for statement in (
        "ALTER DATABASE {database} OWNER TO {owner}",
        "REVOKE ALL ON DATABASE {database} FROM PUBLIC",
        "REVOKE ALL ON DATABASE {database} FROM {app}",
        "GRANT CONNECT ON DATABASE {database} TO {app}",
    ):
        connection.execute(sql.SQL(statement).format(**names))


def _settle_schema(connection: psycopg.Connection, owner: Login, app: Login) -> None:
    names = {"owner": sql.Identifier(owner.name), "app": sql.Identifier(app.name)}
    for statement in (
        "ALTER SCHEMA public OWNER TO {owner}",
        "REVOKE ALL ON SCHEMA public FROM PUBLIC",
        "REVOKE ALL ON SCHEMA public FROM {app}",
        "GRANT USAGE ON SCHEMA public TO {app}",
    ):
        connection.execute(sql.SQL(statement).format(**names))
