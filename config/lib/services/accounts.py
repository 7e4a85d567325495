"""Which operating-system user the servers run as, and programs that user can reach.

PostgreSQL refuses to run as root. Started by root, the servers run as an account of their own
(`kasane`, made once) or as the owner of an existing cluster. No folder's permissions are widened
for that: the data folder is handed over as an open descriptor (`/proc/self/fd/N`), which a process
may use whatever the folders above it allow, and programs under a root-only folder are copied to
/var/cache.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from config.lib.services.errors import ServiceError, reason

SYSTEM_USER = "kasane"
PROGRAM_CACHE = Path("/var/cache/kasane")


@dataclass(frozen=True)
class Account:
    """A user to start servers as."""

    name: str
    uid: int
    gid: int


def current_name() -> str:
    """The operating-system user of this process, as PostgreSQL's peer authentication sees it."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError as error:
        message = f"この端末の利用者番号 {os.geteuid()} に名前がありません（/etc/passwd）。"
        raise ServiceError(message) from error


def server_account(cluster: Path) -> Account | None:
    """None: as ourselves. Root gets the owner of the cluster, or the system user."""
    if os.geteuid() != 0:
        return None
    try:
        owner = cluster.stat().st_uid
    except OSError:
        owner = 0
    if owner != 0:
        try:
            return _account(pwd.getpwuid(owner))
        except KeyError as error:
            message = f"{cluster} の持ち主（利用者番号 {owner}）は、この機械にはいません。"
            raise ServiceError(message) from error
    return _system_account()


def _account(entry: pwd.struct_passwd) -> Account:
    return Account(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid)


def _system_account() -> Account:
    """Find or make the system user; two first starts may race for /etc/passwd's lock."""
    useradd = shutil.which("useradd") or "/usr/sbin/useradd"
    command = [
        useradd, "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent",
        "--shell", "/usr/sbin/nologin", SYSTEM_USER,
    ]  # fmt: skip
    deadline = time.monotonic() + 5
    while True:
        try:
            return _account(pwd.getpwnam(SYSTEM_USER))
        except KeyError:
            pass
        try:
            subprocess.run(command, capture_output=True, check=True)  # noqa: S603
        except (OSError, subprocess.CalledProcessError) as error:
            if isinstance(error, OSError) or time.monotonic() > deadline:
                message = (
                    f"root で動かすための利用者 {SYSTEM_USER} を作れません。"
                    "root でない利用者で実行してください。"
                )
                raise ServiceError(message) from error
            time.sleep(0.2)


def hand_over(path: Path, account: Account | None) -> None:
    """Make a folder or file belong to the servers' user, closed to everybody else."""
    if account is not None:
        os.chown(path, account.uid, account.gid)


def reachable_tree(account: Account | None, root: Path, parts: tuple[str, ...], probe: str) -> Path:
    """`root`, or a copy of its `parts` where `account` can run `probe` (a path below root)."""
    if account is None or _can_run(account, root / probe):
        return root
    label = hashlib.sha256()
    for part in parts:
        for file in sorted((root / part).rglob("*")):
            status = file.lstat()
            label.update(f"{file.relative_to(root)} {status.st_size}\n".encode())
    target = PROGRAM_CACHE / label.hexdigest()[:16]
    try:
        if not target.exists():
            _copy(root, parts, target)
    except OSError as error:
        message = (
            f"root だけが入れるフォルダー（{root}）にあるため、サーバーを {PROGRAM_CACHE} に"
            f"写そうとしましたが、できませんでした（{reason(error)}）。"
        )
        raise ServiceError(message) from error
    if not _can_run(account, target / probe):
        message = f"利用者 {account.name} が {target / probe} を実行できません。"
        raise ServiceError(message)
    return target


def _copy(root: Path, parts: tuple[str, ...], target: Path) -> None:
    """Copy beside the target first: a half copy never carries the final name."""
    PROGRAM_CACHE.mkdir(mode=0o755, parents=True, exist_ok=True)
    PROGRAM_CACHE.chmod(0o755)
    draft = Path(tempfile.mkdtemp(prefix=f"{target.name}-", dir=PROGRAM_CACHE))
    try:
        for part in parts:
            shutil.copytree(root / part, draft / part, symlinks=True)
        for entry in [draft, *draft.rglob("*")]:
            if not entry.is_symlink():
                runs = entry.is_dir() or entry.stat().st_mode & 0o100
                entry.chmod(0o755 if runs else 0o644)
        draft.rename(target)
    except OSError:
        shutil.rmtree(draft, ignore_errors=True)
        if not target.exists():
            raise


def _can_run(account: Account, program: Path) -> bool:
    """Ask the kernel, as that user: modes, ACLs and mount options all have a say."""
    try:
        finished = subprocess.run(  # noqa: S603
            [str(program), "--version"],
            user=account.uid,
            group=account.gid,
            extra_groups=[],
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
    except OSError:
        return False
    return finished.returncode == 0
