"""Sign in over HTTP as each given user and fetch the first page: `smoke.py ADDRESS USER…`.

`smoke.py --save FILE ADDRESS USER` also keeps the session, and `smoke.py --again FILE ADDRESS` asks
for the first page with it: a product started anew on the same data still knows it.
Standard library alone, so that it sees what a browser sees and nothing of the application.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import urllib.parse
import urllib.request
from http.cookiejar import LWPCookieJar

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


def visit(address: str, username: str, password: str, cookies: LWPCookieJar) -> None:
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(cookies))
    page = fetch(f"{address}/signin/", opener, None)
    token = TOKEN.search(page)
    if token is None:
        raise ValueError("no CSRF token on the sign-in page")
    form = {"username": username, "password": password, "csrfmiddlewaretoken": token[1]}
    fetch(f"{address}/signin/", opener, form)
    first_page(address, opener)


def first_page(address: str, opener: urllib.request.OpenerDirector) -> None:
    page = fetch(f"{address}/", opener, None)
    if 'name="password"' in page:
        raise ValueError("the first page asks to sign in")
    if "</html>" not in page:
        raise ValueError("the first page is not whole")


def again(address: str, file: str) -> None:
    cookies = LWPCookieJar(file)
    cookies.load(ignore_discard=True)
    first_page(address, urllib.request.build_opener(urllib.request.HTTPCookieProcessor(cookies)))


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--save", metavar="FILE", default="")
    parser.add_argument("--again", metavar="FILE", default="")
    parser.add_argument("address")
    parser.add_argument("users", nargs="*")
    options = parser.parse_args()
    address = options.address.rstrip("/")
    password = os.environ.get("KASANE_DEMO_PASSWORD", "kasane-demo")
    failures = 0
    for name in options.users or ["session"]:
        cookies = LWPCookieJar(options.save or None)
        try:
            if options.again:
                again(address, options.again)
            else:
                visit(address, name, password, cookies)
            if options.save:
                cookies.save(ignore_discard=True)
            outcome = "ok"
        except (OSError, ValueError) as error:
            failures += 1
            outcome = f"FAILED: {error}"
        sys.stdout.write(f"smoke: {name}: {outcome}\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
