"""Bring up both embedded services for one data folder, and say how to reach them."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from config.lib.services.accounts import hand_over, server_account
from config.lib.services.errors import ServiceError, reason
from config.lib.services.home import Home, Secrets
from config.lib.services.postgres import Cluster
from config.lib.services.roles import Login, prepare_roles
from config.lib.services.supervisor import Supervisor
from config.lib.services.valkey import Valkey

DATABASE = "kasane"
OWNER = "kasane_owner"
APP = "kasane_app"
ADDRESSES = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL")
LONGEST_SOCKET = 107
PREFIX = "kasane-sockets-"
# What PostgreSQL puts into its socket folder, the longest name there.
SOCKET_NAME = ".s.PGSQL.5432.lock"


def given_addresses(environment: Mapping[str, str]) -> dict[str, str] | None:
    """The three addresses of servers of one's own, or None when none is given."""
    given = {name: environment[name] for name in ADDRESSES if environment.get(name)}
    if not given:
        return None
    missing = [name for name in ADDRESSES if name not in given]
    if missing:
        message = (
            f"{'、'.join(given)} だけが設定されています。自前のサーバーを使うなら "
            f"{'、'.join(missing)} も設定してください。使わないならどれも設定しないでください。"
        )
        raise ServiceError(message)
    return given


@contextmanager
def socket_folder() -> Iterator[Path]:
    """A short-lived private folder for sockets: a data folder's own path may be too long."""
    usual, short = _places()
    try:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=usual))
        if len(str(folder / SOCKET_NAME)) > LONGEST_SOCKET:
            folder.rmdir()
            folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=short))
    except OSError as error:
        message = f"一時フォルダー {tempfile.gettempdir()} に書き込めません（{reason(error)}）。"
        raise ServiceError(message) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _tidy(home: Home) -> None:
    """Remove the socket folder of a killed run: only what `socket_folder` can have made."""
    folder = home.leftover
    if folder is not None and folder.parent in _places() and folder.name.startswith(PREFIX):
        shutil.rmtree(folder, ignore_errors=True)


def _places() -> tuple[Path, Path]:
    return Path(tempfile.gettempdir()), Path("/tmp")  # noqa: S108


def cluster_of(home: Home, sockets: Path, *, disposable: bool = False) -> Cluster:
    return Cluster(home.cluster, sockets, server_account(home.cluster), disposable)


def start_embedded(
    supervisor: Supervisor,
    home: Home,
    cluster: Cluster,
    secrets: Secrets,
    *,
    for_tests: bool = False,
) -> dict[str, str]:
    """Start PostgreSQL and Valkey; the answer is the three addresses."""
    hand_over(cluster.sockets, cluster.account)
    if not cluster.check():
        supervisor.console.say("データベースを新しくつくっています…")
        cluster.create(supervisor)
    valkey = Valkey(cluster.sockets, cluster.account)
    valkey.start(supervisor)
    cluster.start(supervisor)
    _tidy(home)
    prepare_roles(
        cluster.superuser_url(),
        database=DATABASE,
        owner=Login(OWNER, secrets.owner_password),
        app=Login(APP, secrets.app_password),
        owner_may_create_databases=for_tests,
    )
    return {
        "DATABASE_URL": cluster.url(APP, secrets.app_password, DATABASE),
        "DATABASE_OWNER_URL": cluster.url(OWNER, secrets.owner_password, DATABASE),
        "REDIS_URL": valkey.url(),
    }
