"""Addresses of the agencies room."""

from django.urls import path

from agencies.views import answers, home, signin

urlpatterns = [
    path("", home.home, name="home"),
    path("signin/", signin.signin, name="signin"),
    path("signout/", signin.signout, name="signout"),
    path("switch/", signin.switch_membership, name="switch_membership"),
    path("notices/", home.notices, name="notices"),
    path("livez", answers.livez, name="livez"),
    path("readyz", answers.readyz, name="readyz"),
]
