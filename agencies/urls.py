"""Addresses of the agencies room."""

from django.urls import path

from agencies import views

urlpatterns = [
    path("", views.home, name="home"),
    path("signin/", views.signin, name="signin"),
    path("signout/", views.signout, name="signout"),
    path("switch/", views.switch_membership, name="switch_membership"),
    path("notices/", views.notices, name="notices"),
    path("livez", views.livez, name="livez"),
    path("readyz", views.readyz, name="readyz"),
]
