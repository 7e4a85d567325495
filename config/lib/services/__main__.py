"""The command line: `run`, `with -- COMMAND`, `at -- COMMAND`, `roles`."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from config.lib.services.console import Console
from config.lib.services.embedded import (
    cluster_of,
    given_addresses,
    socket_folder,
    start_embedded,
)
from config.lib.services.errors import ServiceError
from config.lib.services.home import load_secrets, open_home, running_environment
from config.lib.services.product import home_path, serve
from config.lib.services.programs import Output, Program
from config.lib.services.roles import prepare_roles_from_urls
from config.lib.services.supervisor import StopAsked, Supervisor


def main(arguments: list[str]) -> int:
    options = _parser().parse_args(arguments)
    console = Console()
    os.umask(0o077)
    try:
        if options.action == "roles":
            return _roles(console, for_tests=options.for_tests)
        if options.action == "at":
            environment = {**os.environ, **running_environment(home_path(os.environ))}
            os.execvpe(options.command[0], options.command, environment)  # noqa: S606
        with Supervisor(console) as supervisor:
            if options.with_parent:
                supervisor.stop_when_unwanted(parent_watch())
            if options.action == "with":
                return lend(supervisor, options.command)
            serve(supervisor, dict(os.environ))
    except ServiceError as error:
        console.problem(f"kasane: {error}")
        return 1
    except (StopAsked, KeyboardInterrupt):
        if options.action == "run":
            console.say("止めました。データは残っています。")
            return 0
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m config.lib.services")
    parser.add_argument(
        "--with-parent", action="store_true", help="stop when the process that started us does"
    )
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("run", help="the whole product, until Ctrl-C")
    roles = actions.add_parser("roles", help="prepare the roles on DATABASE_SUPERUSER_URL")
    roles.add_argument("--for-tests", action="store_true", help="let the owner make databases")
    lent = actions.add_parser("with", help="run a command with services that live as long as it")
    lent.add_argument("command", nargs="+")
    at = actions.add_parser("at", help="run a command against the product running in KASANE_HOME")
    at.add_argument("command", nargs="+")
    return parser


def parent_watch() -> Callable[[], bool]:
    """Whether the `make` above us still wants us.

    Told to stop by a signal sent to it alone, make passes on SIGTERM but not SIGINT or SIGHUP, and
    then waits for us; what shows is that it no longer catches that signal. Killed, it is gone.
    """
    parent = os.getppid()

    def caught() -> int:
        try:
            for line in Path(f"/proc/{parent}/status").read_text().splitlines():
                if line.startswith("SigCgt:"):
                    return int(line.split()[1], 16)
        except OSError:
            pass
        return 0

    before = caught()

    def still_wanted() -> bool:
        return os.getppid() == parent and (caught() & before) == before

    return still_wanted


def lend(supervisor: Supervisor, command: list[str]) -> int:
    """Fresh services in a folder that lives as long as the command; its exit code is ours."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    addresses = given_addresses(environment)
    if addresses is not None:
        program = Program(name=command[0], command=command, env=os.environ, output=Output.OURS)
        return supervisor.run_command(program)
    folder = Path(tempfile.mkdtemp(prefix="kasane-test-"))
    try:
        with socket_folder() as sockets:
            home = open_home(folder / "home")
            cluster = cluster_of(home, sockets, disposable=True)
            secrets = load_secrets(home)
            addresses = start_embedded(supervisor, home, cluster, secrets, for_tests=True)
            env = {
                **environment,
                **addresses,
                "DATABASE_SUPERUSER_URL": cluster.superuser_url(),
                "KASANE_STATIC_ROOT": str(home.static),
            }
            program = Program(name=command[0], command=command, env=env, output=Output.OURS)
            try:
                return supervisor.run_command(program)
            finally:
                supervisor.stop_all()
                home.close()
    finally:
        supervisor.stop_all()
        shutil.rmtree(folder, ignore_errors=True)


def _roles(console: Console, *, for_tests: bool) -> int:
    names = ("DATABASE_SUPERUSER_URL", "DATABASE_OWNER_URL", "DATABASE_URL")
    missing = [name for name in names if not os.environ.get(name)]
    if missing:
        raise ServiceError(f"{'、'.join(missing)} を設定してください。")
    prepare_roles_from_urls(*(os.environ[name] for name in names), for_tests=for_tests)
    console.say("データベースの役割を準備しました。")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
