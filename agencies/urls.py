"""Addresses of the agencies room."""

from django.urls import path

from agencies.views import account, answers, home, signin

urlpatterns = [
    path("", home.home, name="home"),
    path("signin/", signin.signin, name="signin"),
    path("signin/second/", signin.second_step, name="second_step"),
    path("signout/", signin.signout, name="signout"),
    path("switch/", signin.switch_membership, name="switch_membership"),
    path("notices/", home.notices, name="notices"),
    path("account/", account.account, name="account"),
    path("account/sessions/end/", account.session_end, name="session_end"),
    path("account/app/", account.totp_new, name="totp_new"),
    path("account/passkey/", account.passkey_new, name="passkey_new"),
    path("account/factors/<uuid:factor_id>/", account.factor_detail, name="factor_detail"),
    path("account/factors/<uuid:factor_id>/remove/", account.factor_remove, name="factor_remove"),
    path("account/recovery/", account.recovery_codes, name="recovery_codes"),
    path("account/reset/", account.factors_reset, name="factors_reset"),
    path("livez", answers.livez, name="livez"),
    path("readyz", answers.readyz, name="readyz"),
]
