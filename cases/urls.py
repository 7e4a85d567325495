"""Addresses of the cases room."""

from __future__ import annotations

from django.urls import path

from cases.views import (
    access,
    adding,
    attachments,
    cases,
    closing,
    consent,
    intake,
    looks,
    page,
    persons,
    records,
    referral,
    search,
    transfer,
)

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
        "consultations/<uuid:consultation_id>/add/",
        adding.consultation_add,
        name="consultation_add",
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
    path("cases/<uuid:case_id>/", page.case_detail, name="case_detail"),
    path("cases/<uuid:case_id>/print/", page.case_print, name="case_print"),
    path("cases/<uuid:case_id>/access/", access.case_access, name="case_access"),
    path("cases/<uuid:case_id>/looks/", looks.case_looks, name="case_looks"),
    path(
        "cases/<uuid:case_id>/looks/<uuid:person_id>/print/",
        looks.looks_print,
        name="looks_print",
    ),
    path("cases/<uuid:case_id>/close/", closing.case_close, name="case_close"),
    path("cases/<uuid:case_id>/transfer/", transfer.transfer_new, name="transfer_new"),
    path("transfers/<uuid:transfer_id>/", transfer.transfer_detail, name="transfer_detail"),
    path("transfers/<uuid:transfer_id>/accept/", transfer.transfer_accept, name="transfer_accept"),
    path("transfers/<uuid:transfer_id>/return/", transfer.transfer_return, name="transfer_return"),
    path("transfers/<uuid:transfer_id>/cancel/", transfer.transfer_cancel, name="transfer_cancel"),
    path("cases/<uuid:case_id>/notes/new/", records.note_new, name="note_new"),
    path("notes/<uuid:record_id>/edit/", records.note_edit, name="note_edit"),
    path("cases/<uuid:case_id>/issues/new/", records.issue_new, name="issue_new"),
    path("assessment/<uuid:record_id>/edit/", records.assessment_edit, name="assessment_edit"),
    path(
        "attachments/<uuid:attachment_id>/",
        attachments.attachment_download,
        name="attachment_download",
    ),
    path("issues/<uuid:record_id>/solve/", records.issue_solve, name="issue_solve"),
    path("cases/<uuid:case_id>/assessment/new/", records.assessment_new, name="assessment_new"),
    path(
        "cases/<uuid:case_id>/persons/<uuid:person_id>/consent/",
        consent.consent_new,
        name="consent_new",
    ),
    path("consents/<uuid:consent_id>/withdraw/", consent.consent_withdraw, name="consent_withdraw"),
    path("cases/<uuid:case_id>/refer/", referral.referral_new, name="referral_new"),
    path("referrals/", referral.referral_list, name="referral_list"),
    path("referrals/<uuid:referral_id>/", referral.referral_detail, name="referral_detail"),
    path("referrals/<uuid:referral_id>/accept/", referral.referral_accept, name="referral_accept"),
    path("referrals/<uuid:referral_id>/return/", referral.referral_return, name="referral_return"),
    path("carry-outs/<uuid:carry_out_id>/", records.carry_out_detail, name="carry_out_detail"),
]
