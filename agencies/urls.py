"""Addresses of the agencies room."""

from django.urls import path

from agencies.views import account, answers, directory, home, memberships, signin

urlpatterns = [
    path("", home.home, name="home"),
    path("signin/", signin.signin, name="signin"),
    path("signin/second/", signin.second_step, name="second_step"),
    path("signout/", signin.signout, name="signout"),
    path("switch/", signin.switch_membership, name="switch_membership"),
    path("notices/", home.notices, name="notices"),
    path("account/", account.account, name="account"),
    path("account/mail/", account.account_mail, name="account_mail"),
    path("account/sessions/end/", account.session_end, name="session_end"),
    path("account/app/", account.totp_new, name="totp_new"),
    path("account/passkey/", account.passkey_new, name="passkey_new"),
    path("account/factors/<uuid:factor_id>/", account.factor_detail, name="factor_detail"),
    path("account/factors/<uuid:factor_id>/remove/", account.factor_remove, name="factor_remove"),
    path("account/recovery/", account.recovery_codes, name="recovery_codes"),
    path("account/reset/", account.factors_reset, name="factors_reset"),
    path("directory/", directory.directory, name="directory"),
    path("directory/new/", directory.contact_point_new, name="contact_point_new"),
    path("directory/<uuid:point_id>/", directory.contact_point_edit, name="contact_point_edit"),
    path("directory/<uuid:point_id>/end/", directory.contact_point_end, name="contact_point_end"),
    path("members/", memberships.membership_list, name="membership_list"),
    path("members/new/", memberships.membership_new, name="membership_new"),
    path("members/<uuid:membership_id>/", memberships.membership_detail, name="membership_detail"),
    path(
        "members/<uuid:membership_id>/confirm/",
        memberships.membership_confirm,
        name="membership_confirm",
    ),
    path(
        "members/<uuid:membership_id>/refuse/",
        memberships.membership_refuse,
        name="membership_refuse",
    ),
    path("members/<uuid:membership_id>/end/", memberships.membership_end, name="membership_end"),
    path("livez", answers.livez, name="livez"),
    path("readyz", answers.readyz, name="readyz"),
]
