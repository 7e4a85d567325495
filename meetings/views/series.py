"""定例の決まり: by which rule each body sits, and another one from a day on."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from agencies.enums import Action, Permission, Purpose
from agencies.guards import MemberRequest, member
from agencies.models import ConferenceType
from agencies.opendays import open_days
from agencies.permissions import ActionDenied
from agencies.trail import log_access
from cases.operations.case import StaleVersion
from config.lib.eras import format_with_weekday, today
from config.lib.rhythm import Occurrence
from meetings.calendar import groups_of, rhythm_of
from meetings.forms import SeriesForm, said
from meetings.models import Series
from meetings.operations import Changed, check_rhythm, next_days, series_in_force, set_series
from meetings.permissions import can, check_can_run
from meetings.seriespage import series_facts, series_row
from meetings.views.common import form_page, posted


@member(Permission.READ_CASES)
@require_GET
def series_list(request: MemberRequest) -> HttpResponse:
    """Each body's rule, those that sit together in one. Two queries and one a group."""
    by = request.membership
    groups = groups_of(by.municipality)
    known = list(Series.objects.visible_to(by).holding())
    rows = [series_row(group, known, may_set=can(check_can_run, by, group)) for group in groups]
    log_access(by, Action.LIST, what="series_list", purpose=Purpose.PLAN_CONFERENCE)
    return render(request, "meetings/series_list.html", {"rows": rows})


@member(Permission.READ_CASES)
@require_http_methods(["GET", "POST"])
def series_set(request: MemberRequest, body_id: int) -> HttpResponse:
    """Say the rule; its next days are looked over (`send`; `edit` to go back) first."""
    by = request.membership
    group = _group_or_404(request, body_id)
    check_can_run(by, group)
    standing = series_in_force(group)
    form, step = SeriesForm(posted(request), initial=_initial(group, standing)), ""
    if request.method == "POST" and form.is_valid():
        step = request.POST.get("step", "")
        try:
            rhythm = form.rhythm()
            check_rhythm(rhythm, standing)
            if step == "send":
                keys = {name: form.cleaned_data[name] for name in ("form_key", "instead_of")}
                done = set_series(body=group[0], by=by, rhythm=rhythm, **keys)
                messages.success(request, _done_words(done))
                return redirect("series_list")
            if step != "edit":
                return render(request, "meetings/series_confirm.html", _confirm(form, group, by))
        except StaleVersion:
            standing = series_in_force(group)
            form = _seen_now(request, standing)
        except ActionDenied as error:
            form.add_error("since" if "日" in str(error) else None, str(error))
    known = Series.objects.visible_to(by).holding()
    context = {"names": _names(group), "row": series_row(group, known, may_set=True)}
    return form_page(request, "meetings/series_form.html", context, form)


def _seen_now(request: MemberRequest, standing: Series | None) -> SeriesForm:
    """What was typed, beside the rule that somebody else has set meanwhile."""
    data = request.POST.copy()
    data["instead_of"] = str(standing.pk) if standing else ""
    form = SeriesForm(data)
    form.add_error(
        None,
        _("ほかの人が、先に決まりを変えました。いまの決まりを確かめて、もう一度送ってください。"),
    )
    return form


def _group_or_404(request: MemberRequest, body_id: int) -> list[ConferenceType]:
    for group in groups_of(request.membership.municipality):
        if body_id in {body.pk for body in group}:
            return group
    raise Http404


def _initial(group: list[ConferenceType], standing: Series | None) -> dict[str, Any]:
    printed = next(filter(None, map(rhythm_of, group)), None)
    rule = standing.rule if standing else printed.rule if printed else ""
    key = standing.pk if standing else ""
    return {"since": today(), "instead_of": key, **said(rule, standing)}


def _names(group: list[ConferenceType]) -> str:
    return "・".join(body.name for body in group)


def _confirm(form: SeriesForm, group: list[ConferenceType], by: Any) -> dict[str, Any]:
    rhythm = form.rhythm()
    return {
        "names": _names(group),
        "form": form,
        "facts": series_facts(rhythm),
        "days": list(map(_day_words, next_days(rhythm, open_days(by.municipality)))),
        "effects": [
            {"text": _("開催通知を送っていない会議は、この決まりの日に移ります。")},
            {"text": _("開催通知を送った会議と、臨時の会議は、そのままです。")},
            {"text": _("日が変わる会議に議題を出した機関には、新しい日を知らせます。")},
        ],
    }


def _day_words(one: Occurrence) -> str:
    assert one.on is not None  # noqa: S101 - a day that is asked for by its day
    if one.on == one.slot:
        return format_with_weekday(one.on)
    return _("%(on)s　%(slot)sが閉庁日のため") % {
        "on": format_with_weekday(one.on),
        "slot": format_with_weekday(one.slot).partition("年")[2],
    }


def _done_words(done: Changed) -> str:
    return _(
        "定例の決まりを変えました。作った会議%(made)s件、日が変わった会議%(moved)s件、中止%(off)s件。"
    ) % {
        "made": done.made,
        "moved": done.moved,
        "off": done.cancelled,
    }
