"""Choices of the community room, with their Japanese labels."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class PlaceKind(models.TextChoices):
    SALON = "salon", _("サロン・通いの場")
    CHILD = "child", _("子育て拠点")
    CAFE = "cafe", _("こども食堂・地域食堂")
    ACTIVITY = "activity", _("地域活動支援センター")
    PLATFORM = "platform", _("プラットフォーム")
    OTHER = "other", _("その他")


class IssueState(models.TextChoices):
    RAISED = "raised", _("提起")
    PASSED = "passed", _("会議・協議体へ")
    ANSWERED = "answered", _("答えあり")
    WORKING = "working", _("取組中")
    SETTLED = "settled", _("解決・終了")
