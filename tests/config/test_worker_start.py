"""A worker that must not run does not run: Celery logs what a receiver raises and goes on."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from config.lib.seals import make_key

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"KASANE_WORKER_KEY": "x" * 40}, "KASANE_WORKER_KEY がデータベースに入れた鍵と違います"),
        ({"DATABASE_URL": os.environ.get("DATABASE_OWNER_URL", "")}, "ImproperlyConfigured"),
        ({"KASANE_SEAL_KEY": ""}, "KASANE_SEAL_KEY"),
        ({"DATABASE_URL": "postgresql://nobody@/none?host=/nonexistent"}, "OperationalError"),
    ],
    ids=["key", "owner's login", "no seal", "no database"],
)
def test_a_worker_refuses_to_start(wrong, said, tmp_path):
    right = {"KASANE_SEAL_KEY": make_key(), "KASANE_SEAL_FILE": str(tmp_path / "heads.jsonl")}
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings.local", **right, **wrong}
    command = [
        sys.executable, "-m", "celery", "--quiet", "-A", "config.celery", "worker",
        "--concurrency", "1", "--without-gossip", "--without-mingle",
    ]  # fmt: skip
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert said in done.stderr
