"""What stands between an empty database and a usable one, in one process of its own.

Every step may be repeated; a second start finds nothing to do and takes a second or two.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import django
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import OperationalError

ROOT = Path(__file__).resolve().parents[3]


def step(sentence: str, *command: str, **options: Any) -> None:
    started = time.monotonic()
    call_command(*command, **options)
    passed = time.monotonic() - started
    sys.stdout.write(f"{sentence}（{passed:.1f} 秒）\n")
    sys.stdout.flush()


def main() -> int:
    django.setup()
    try:
        step("データベースの形を整えました", "migrate", database="owner", verbosity=0)
        step("ワーカーの鍵を入れました", "install_worker_key")
        profiles = sorted((ROOT / "agencies" / "profiles").glob("*.toml"))
        for profile in profiles:
            step(f"{profile.stem} を読み込みました", "load_city", str(profile), verbosity=0)
        if getattr(settings, "KASANE_DEMO", False):
            step("見本データを整えました", "load_demo")
        step("画面の部品をそろえました", "collectstatic", interactive=False, verbosity=0)
    except CommandError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except OperationalError as error:
        # A server of one's own that does not answer or does not know us.
        sys.stderr.write(f"データベースにつながりません: {str(error).strip().splitlines()[0]}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"{error.filename} を読み書きできません: {error.strerror}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
