"""Choices of the participation room, with their Japanese labels."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class ResourceKind(models.TextChoices):
    PLACE_TO_BE = "place_to_be", _("居場所")
    WORK = "work", _("就労・仕事の体験")
    VOLUNTEER = "volunteer", _("ボランティア・役割")
    LEARNING = "learning", _("学び")
    HOUSING = "housing", _("居住支援")
    OTHER = "other", _("その他")


class MatchStatus(models.TextChoices):
    PROPOSED = "proposed", _("紹介中")
    TRIAL = "trial", _("見学・体験")
    ACTIVE = "active", _("参加中")
    SETTLED = "settled", _("定着")
    ENDED = "ended", _("終了")
