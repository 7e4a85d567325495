"""Probes and error pages."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.contrib.sessions.models import Session
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET


@login_not_required
@require_GET
def livez(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return HttpResponse("ok", content_type="text/plain")


@login_not_required
@require_GET
def readyz(request: HttpRequest) -> HttpResponse:
    """The database answers and is migrated (Redis is disposable: not asked)."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("select count(*) from django_migrations")
        Session.objects.order_by().exists()
    except DatabaseError:
        return HttpResponse("not ready", status=503, content_type="text/plain")
    return HttpResponse("ready", content_type="text/plain")


def stale_form(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form whose token has expired: nothing was saved, and the page says what to do."""
    context = {
        "reason": _(
            "ページを開いてから時間がたったため、保存できませんでした。"
            "前のページに戻って、もう一度送信してください。入力した内容は残っています。"
        )
    }
    return render(request, "403.html", context, status=403)


def denied(request: HttpRequest, exception: PermissionDenied) -> HttpResponse:
    """Visible but not allowed: the reason a person understands (V15)."""
    return render(request, "403.html", {"reason": str(exception)}, status=403)
