"""The ground of `make run`: refusals come in one sentence and leave everything as it was."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from config.lib.services.embedded import ADDRESSES
from config.lib.services.errors import ServiceError
from config.lib.services.home import load_secrets, open_home
from config.lib.services.product import listen

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 90


def environment(**more: str) -> dict[str, str]:
    """The test's own, without services somebody else lent us."""
    own = {name: value for name, value in os.environ.items() if name not in ADDRESSES}
    return {**own, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "", **more}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def refused(home: Path, **more: str) -> str:
    """Start the product, expect one sentence, no trace, no output, and hand the sentence back."""
    finished = subprocess.run(
        [sys.executable, "-m", "config.lib.services", "run"],
        env=environment(**{"KASANE_HOME": str(home), "PORT": str(free_port()), **more}),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert finished.returncode == 1, finished
    assert finished.stdout == ""
    lines = finished.stderr.splitlines()
    assert len(lines) == 1, finished.stderr
    assert lines[0].startswith("kasane: ")
    return lines[0]


def contents(folder: Path) -> dict[str, str | None]:
    """Every path below, with what the files hold; our own lock is not data."""
    return {
        str(path.relative_to(folder)): path.read_text() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
        if path.name not in {"kasane.lock", "kasane.json"}
    }


def test_run_on_a_taken_port_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        assert port in refused(home, PORT=port)
    assert not home.exists()


@pytest.mark.parametrize("port", ["eight", "0", "70000", "８０００", "-1"])
def test_listen_on_a_port_that_is_none_is_refused(port: str) -> None:
    with pytest.raises(ServiceError, match="PORT"):
        listen("127.0.0.1", port)


def test_run_in_a_home_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    assert "フォルダーではありません" in refused(tmp_path / "file")
    # These hold for root as well, whom no mode bits stop.
    assert "書き込めません" in refused(tmp_path / "file" / "below")
    assert "書き込めません" in refused(Path("/proc/kasane"))
    assert (tmp_path / "file").read_text() == "mine"


def test_open_a_home_without_write_permission_is_refused() -> None:
    is_root = os.geteuid() == 0
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        home = Path(folder) / "home"
        home.mkdir(mode=0o555)
        if is_root:  # Mode bits do not stop root: it steps down to nobody.
            os.seteuid(65534)
        try:
            with pytest.raises(ServiceError, match="書き込めません"):
                open_home(home)
        finally:
            if is_root:
                os.seteuid(0)


def test_run_in_somebody_elses_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "holiday.txt").write_text("photos")
    assert "holiday.txt" in refused(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["holiday.txt"]


@pytest.mark.parametrize(
    "files",
    [
        {"base/1/1259": "row"},
        {"PG_VERSION": "18\n"},
        {"PG_VERSION": "18\n", "global/pg_control": ""},
        {"PG_VERSION": "\n", "global/pg_control": "x"},
    ],
)
def test_run_on_a_half_made_cluster_is_refused_and_leaves_it_alone(
    tmp_path: Path, files: dict[str, str]
) -> None:
    for name, text in files.items():
        path = tmp_path / "postgres" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    before = contents(tmp_path)
    assert "作りかけ" in refused(tmp_path)
    assert contents(tmp_path) == before


def test_run_where_the_cluster_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "postgres").write_text("not a folder")
    assert "作りかけ" in refused(tmp_path)
    assert (tmp_path / "postgres").read_text() == "not a folder"


def test_run_on_another_major_version_names_it_and_leaves_it_alone(tmp_path: Path) -> None:
    (tmp_path / "postgres" / "global").mkdir(parents=True)
    (tmp_path / "postgres" / "PG_VERSION").write_text("15\n")
    (tmp_path / "postgres" / "global" / "pg_control").write_text("x")
    before = contents(tmp_path)
    assert "PostgreSQL 15" in refused(tmp_path)
    assert contents(tmp_path) == before


def test_run_with_data_but_without_its_secrets_is_refused(tmp_path: Path) -> None:
    (tmp_path / "postgres" / "global").mkdir(parents=True)
    (tmp_path / "postgres" / "PG_VERSION").write_text("18\n")
    (tmp_path / "postgres" / "global" / "pg_control").write_text("x")
    assert "secrets.json" in refused(tmp_path)
    assert not (tmp_path / "secrets.json").exists()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("kasane.json", "{"),
        ("kasane.json", '{"layout": 99}'),
        ("secrets.json", ""),
        ("secrets.json", '{"secret_key": "x"}'),
    ],
)
def test_run_on_a_damaged_file_is_refused_and_keeps_it(
    tmp_path: Path, name: str, text: str
) -> None:
    (tmp_path / name).write_text(text)
    refused(tmp_path)
    assert (tmp_path / name).read_text() == text


def test_two_runs_in_one_home_the_second_is_refused(tmp_path: Path) -> None:
    home = open_home(tmp_path / "home")
    try:
        assert str(os.getpid()) in refused(tmp_path / "home")
    finally:
        home.close()


def test_run_with_only_some_addresses_names_the_missing(tmp_path: Path) -> None:
    sentence = refused(tmp_path / "home", DATABASE_URL="postgresql://a:b@localhost/c")
    assert "DATABASE_OWNER_URL" in sentence
    assert "REDIS_URL" in sentence


def test_secrets_are_made_once_and_closed_to_others(tmp_path: Path) -> None:
    home = open_home(tmp_path / "home")
    first = load_secrets(home)
    file = home.path / "secrets.json"
    assert file.stat().st_mode & 0o777 == 0o600
    assert home.path.stat().st_mode & 0o777 == 0o700
    file.chmod(0o644)
    assert load_secrets(home) == first
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(set(json.loads(file.read_text()).values())) == 5
    older = {k: v for k, v in json.loads(file.read_text()).items() if k != "seal_key"}
    file.write_text(json.dumps(older))
    renewed = load_secrets(home)
    assert renewed.seal_key != first.seal_key
    assert renewed.secret_key == first.secret_key
    assert load_secrets(home) == renewed
    home.close()
