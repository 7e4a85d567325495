"""Sign in over HTTP as each given user and fetch the first page: `smoke.py ADDRESS USER…`.

Standard library alone, so that it sees what a browser sees and nothing of the application.
"""

from __future__ import annotations

import os
import re
import sys
import urllib.error
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar

TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


def fetch(address: str, opener: urllib.request.OpenerDirector, form: dict[str, str] | None) -> str:
    data = urllib.parse.urlencode(form).encode() if form is not None else None
    request = urllib.request.Request(address, data=data)  # noqa: S310 - our own server
    request.add_header("Referer", address)
    with opener.open(request, timeout=20) as answer:
        if answer.status != 200:
            raise ValueError(f"{answer.status} {answer.url}")
        if form is not None and "/signin/" in answer.url:
            raise ValueError("sign-in was refused")
        return str(answer.read().decode())


def visit(address: str, username: str, password: str) -> None:
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    page = fetch(f"{address}/signin/", opener, None)
    token = TOKEN.search(page)
    if token is None:
        raise ValueError("no CSRF token on the sign-in page")
    form = {"username": username, "password": password, "csrfmiddlewaretoken": token[1]}
    fetch(f"{address}/signin/", opener, form)
    page = fetch(f"{address}/", opener, None)
    if "</html>" not in page:
        raise ValueError("the first page is not whole")


def main(arguments: list[str]) -> int:
    if len(arguments) < 2:
        sys.stderr.write("smoke.py ADDRESS USER…\n")
        return 2
    address, *names = arguments
    address = address.rstrip("/")
    password = os.environ.get("KASANE_DEMO_PASSWORD", "kasane-demo")
    failures = 0
    for name in names:
        try:
            visit(address, name, password)
            outcome = "ok"
        except (OSError, ValueError, urllib.error.HTTPError) as error:
            failures += 1
            outcome = f"FAILED: {error}"
        sys.stdout.write(f"smoke: {name}: {outcome}\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
