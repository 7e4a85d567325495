"""Choices of the outreach room, with their Japanese labels."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class VisitMethod(models.TextChoices):
    VISIT = "visit", _("訪問")
    PHONE = "phone", _("電話")
    LETTER = "letter", _("手紙")
    ACCOMPANY = "accompany", _("同行")
    OTHER = "other", _("その他")


class VisitResult(models.TextChoices):
    ABSENT = "absent", _("不在・会えなかった")
    MET_PERSON = "met_person", _("本人と会えた")
    MET_FAMILY = "met_family", _("家族と会えた")
    MET_OTHERS = "met_others", _("近隣・関係者と会えた")


MET = (VisitResult.MET_PERSON, VisitResult.MET_FAMILY, VisitResult.MET_OTHERS)


class Stage(models.TextChoices):
    """関係性の段階 at the end of the contact."""

    UNKNOWN = "", _("記入しない")
    NO_CONTACT = "no_contact", _("まだ会えない")
    DOOR = "door", _("玄関先で話せる")
    TALKING = "talking", _("会話が続く")
    TRUST = "trust", _("困りごとを話せる")
    LINKED = "linked", _("支援につながった")
