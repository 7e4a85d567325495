"""だれに聞くか: look it up; keep it."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from agencies.directory import areas_of, find_points, helpdesks
from agencies.enums import Permission
from agencies.forms import ContactPointEditForm, ContactPointForm
from agencies.guards import MemberRequest, member
from agencies.models import ContactPoint
from agencies.operations.directory import (
    add_contact_point,
    change_contact_point,
    end_contact_point,
)
from agencies.permissions import (
    agencies_kept_by,
    can_keep_directory,
    check_can_keep_directory,
)


@require_GET
@member(Permission.READ_CASES)
def directory(request: MemberRequest) -> HttpResponse:
    """By theme, problem or name, and by part of the city. Words about nobody: they come by GET."""
    words, area = (request.GET.get(name, "")[:60] for name in ("q", "area"))
    points = find_points(request.membership, words, area)
    context = {
        "points": points,
        "has_helpdesk": any(point.is_helpdesk for point in points),
        # Nothing found is when one most needs somebody to ask.
        "helpdesks": [] if points else helpdesks(request.membership),
        "words": words,
        "area": area,
        "areas": areas_of(request.membership),
        "may_add": bool(agencies_kept_by(request.membership)),
    }
    return render(request, "agencies/directory.html", context)


@require_http_methods(["GET", "POST"])
@member(Permission.READ_CASES)
def contact_point_new(request: MemberRequest) -> HttpResponse:
    """A new line of the directory."""
    kept = agencies_kept_by(request.membership)
    check_can_keep_directory(request.membership, kept[0] if kept else None)
    form = ContactPointForm(
        request.POST or None, kept=kept, may_name=can_keep_directory(request.membership, None)
    )
    if request.method == "POST" and form.is_valid():
        add_contact_point(
            by=request.membership, facts=form.facts(), form_key=form.cleaned_data["form_key"]
        )
        messages.success(request, _("窓口を加えました。"))
        return redirect("directory")
    return _form_page(request, form, None)


@require_http_methods(["GET", "POST"])
@member(Permission.READ_CASES)
def contact_point_edit(request: MemberRequest, point_id: uuid.UUID) -> HttpResponse:
    """Say it anew; somebody who saved first is shown."""
    point = _get(request, point_id)
    check_can_keep_directory(request.membership, point.agency)
    form = ContactPointEditForm(request.POST or None, initial=ContactPointEditForm.stored(point))
    if request.method == "POST" and form.is_valid() and form.check_version(point):
        change_contact_point(point=point, by=request.membership, facts=form.facts())
        messages.success(request, _("窓口の内容を直しました。"))
        return redirect("directory")
    return _form_page(request, form, point)


@require_POST
@member(Permission.READ_CASES)
def contact_point_end(request: MemberRequest, point_id: uuid.UUID) -> HttpResponse:
    """It answers no more."""
    end_contact_point(point=_get(request, point_id), by=request.membership)
    messages.success(request, _("窓口を一覧から外しました。"))
    return redirect("directory")


def _get(request: MemberRequest, point_id: uuid.UUID) -> ContactPoint:
    points = ContactPoint.objects.visible_to(request.membership).running()
    return get_object_or_404(points.select_related("agency"), pk=point_id)


def _form_page(
    request: MemberRequest, form: ContactPointForm, point: ContactPoint | None
) -> HttpResponse:
    status = 422 if form.errors else 200
    return render(
        request, "agencies/contact_point_form.html", {"form": form, "point": point}, status=status
    )
