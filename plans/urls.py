"""Addresses of the plans room."""

from __future__ import annotations

from django.urls import path

from plans.views import detail, drafting, following, history, lists

urlpatterns = [
    path("plans/", lists.plan_list, name="plan_list"),
    path("cases/<uuid:case_id>/plans/new/", drafting.plan_new, name="plan_new"),
    path("plans/late/", lists.late_list, name="late_list"),
    path("plans/<uuid:plan_id>/", detail.plan_detail, name="plan_detail"),
    path("plans/<uuid:plan_id>/history/", history.plan_history, name="plan_history"),
    path("plans/<uuid:plan_id>/edit/", drafting.plan_edit, name="plan_edit"),
    path("plans/<uuid:plan_id>/sign/", drafting.plan_sign, name="plan_sign"),
    path("plans/<uuid:plan_id>/submit/", drafting.plan_submit, name="plan_submit"),
    path("plans/<uuid:plan_id>/decide/", following.plan_decide, name="plan_decide"),
    path("plans/<uuid:plan_id>/urgent/", following.plan_start, name="plan_start"),
    path("plans/<uuid:plan_id>/monitoring/new/", following.monitor_new, name="monitor_new"),
    path("plans/<uuid:plan_id>/evaluation/new/", following.evaluate_new, name="evaluate_new"),
    path("plans/<uuid:plan_id>/end/", following.plan_end, name="plan_end"),
    path("plans/<uuid:plan_id>/print/", detail.plan_print, name="plan_print"),
    path("plans/items/<uuid:item_id>/done/", following.item_done, name="item_done"),
]
