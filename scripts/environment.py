"""Build what a fresh machine lacks: the virtual environment, and for tests Chromium and a font.

Runs on the system's Python with the standard library alone, before anything of ours is installed.
Nothing happens when nothing changed: a stamp in .venv holds the digest of what it was built from.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
TOOLS = ROOT / ".tools"
STAMP = VENV / "kasane-built-from"
SOURCES = ("uv.lock", "pyproject.toml", "scripts/uv.txt")
OLDEST = (3, 11)


def say(sentence: str) -> None:
    sys.stdout.write(sentence + "\n")
    sys.stdout.flush()


def give_up(sentence: str) -> NoReturn:
    sys.stderr.write(f"kasane: {sentence}\n")
    raise SystemExit(1)


def run(*command: str, env: dict[str, str] | None = None) -> bool:
    """Run one command with its output on the terminal; True when it went well."""
    return subprocess.run(command, env=env, check=False).returncode == 0  # noqa: S603


def digest() -> str:
    """What the environment depends on: the lock, the tool, this Python."""
    total = hashlib.sha256(f"{sys.version}\n{ROOT}\n".encode())
    for name in SOURCES:
        total.update((ROOT / name).read_bytes())
    return total.hexdigest()


def may_install() -> bool:
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def install(*packages: str) -> bool:
    """Install Debian packages; the package lists may be missing or old, so try twice."""
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    say(f"Debian のパッケージを入れています: {' '.join(packages)}")
    command = ("apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages)
    if run(*command, env=env):
        return True
    return run("apt-get", "update", "-qq", env=env) and run(*command, env=env)


def ensure_venv_module() -> None:
    """Debian ships Python without `ensurepip`; it comes with python3-venv."""
    if importlib.util.find_spec("ensurepip") and importlib.util.find_spec("venv"):
        return
    package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
    if not (may_install() and install(package)):
        give_up(
            f"Python の venv がありません。管理者に次を頼んでください: apt-get install {package}"
        )


def ensure_uv() -> Path:
    """Install the pinned uv into a small environment of its own."""
    uv = TOOLS / "uv" / "bin" / "uv"
    wanted = hashlib.sha256((ROOT / "scripts/uv.txt").read_bytes()).hexdigest()
    stamp = TOOLS / "uv" / "kasane-built-from"
    if uv.exists() and stamp.exists() and stamp.read_text() == wanted:
        return uv
    ensure_venv_module()
    python = TOOLS / "uv" / "bin" / "python"
    made = run(sys.executable, "-m", "venv", "--clear", str(TOOLS / "uv")) and run(
        str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
        "--only-binary", ":all:", "--require-hashes", "-r", str(ROOT / "scripts/uv.txt"),
    )  # fmt: skip
    if not made:
        give_up("uv を入れられませんでした（上の出力を見てください。通信は通じていますか）。")
    stamp.write_text(wanted)
    return uv


def build() -> None:
    """Make .venv equal to uv.lock, unless it already is."""
    wanted = digest()
    if STAMP.exists() and STAMP.read_text() == wanted and (VENV / "bin/python").exists():
        return
    started = time.monotonic()
    say("環境をつくっています（初回は1〜2分かかります）…")
    uv = ensure_uv()
    STAMP.unlink(missing_ok=True)
    env = {
        **os.environ,
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_PROJECT_ENVIRONMENT": str(VENV),
        # Once here instead of in every process that starts at the same moment.
        "UV_COMPILE_BYTECODE": "1",
        # The machine's own certificates, so that an office proxy's certificate is accepted.
        "UV_SYSTEM_CERTS": "1",
    }
    env.pop("VIRTUAL_ENV", None)
    command = [str(uv), "sync", "--frozen", "--quiet", "--python", sys.executable]
    if not run(*command, "--directory", str(ROOT), env=env):
        give_up("環境をつくれませんでした（上の出力を見てください。通信は通じていますか）。")
    STAMP.write_text(wanted)
    say(f"環境ができました（{time.monotonic() - started:.0f} 秒）。")


def japanese_font() -> bool:
    fc_list = shutil.which("fc-list")
    if fc_list is None:
        return False
    answer = subprocess.run(  # noqa: S603
        [fc_list, ":lang=ja", "family"], capture_output=True, check=False
    )
    return bool(answer.stdout.strip())


def ensure_browser() -> None:
    """Chromium and a Japanese font for the browser tests; missing ones fail, never skip."""
    missing: list[str] = []
    if shutil.which("chromium") is None:
        missing.append("chromium")
    if not japanese_font():
        missing.append("fonts-noto-cjk")
    if not missing:
        return
    if "fonts-noto-cjk" in missing and shutil.which("fc-list") is None:
        missing.append("fontconfig")
    names = " ".join(missing)
    if not may_install():
        give_up(
            f"画面の試験に要るものがありません: {names}。"
            f"管理者に次を頼んでください: apt-get install {names}"
        )
    if not install(*missing):
        give_up(f"画面の試験に要るものを入れられませんでした: {names}")


def main(arguments: list[str]) -> None:
    if sys.version_info < OLDEST:
        found = ".".join(str(part) for part in sys.version_info[:3])
        give_up(f"Python 3.11 以上が要ります（見つかったのは {found}）。")
    try:
        TOOLS.mkdir(exist_ok=True)
        with (TOOLS / "lock").open("w") as lock:
            # `make run` and `make test` may be started at the same moment.
            fcntl.flock(lock, fcntl.LOCK_EX)
            build()
            if "--browser" in arguments:
                ensure_browser()
    except OSError as error:
        give_up(f"環境をつくれませんでした: {error.filename or ROOT} — {error.strerror}")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except KeyboardInterrupt:
        give_up("途中で止めました。もう一度実行すれば続きから始まります。")
