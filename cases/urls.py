"""Addresses of the cases room."""

from __future__ import annotations

from django.urls import path

from cases.views import cases, intake, persons, search

urlpatterns = [
    path("consultations/", intake.consultation_list, name="consultation_list"),
    path("consultations/new/", intake.consultation_new, name="consultation_new"),
    path("consultations/similar/", intake.consultation_similar, name="consultation_similar"),
    path(
        "consultations/<uuid:consultation_id>/",
        intake.consultation_detail,
        name="consultation_detail",
    ),
    path(
        "consultations/<uuid:consultation_id>/case/",
        intake.consultation_make_case,
        name="consultation_make_case",
    ),
    path(
        "consultations/<uuid:consultation_id>/finish/",
        intake.consultation_finish,
        name="consultation_finish",
    ),
    path("cases/", cases.case_list, name="case_list"),
    path("search/", search.case_search, name="case_search"),
    path("cases/<uuid:case_id>/persons/new/", persons.person_new, name="person_new"),
    path("persons/<uuid:person_id>/edit/", persons.person_edit, name="person_edit"),
]
