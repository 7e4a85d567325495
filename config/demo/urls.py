"""Addresses that exist in the demo alone."""

from django.urls import path

from config.demo.gallery import gallery

urlpatterns = [path("gallery/", gallery, name="gallery")]
