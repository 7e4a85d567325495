"""Choices of the reports room, with their Japanese labels."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Section(models.TextChoices):
    """The chapters of the annual evaluation, in their order."""

    CONSULTATION = "consultation", _("包括的相談支援")
    REFERRAL = "referral", _("つなぎ")
    CONFERENCE = "conference", _("会議")
    PLAN = "plan", _("支援プラン")
    OUTREACH = "outreach", _("アウトリーチ")
    PARTICIPATION = "participation", _("参加支援")
    COMMUNITY = "community", _("地域づくり")


class Way(models.TextChoices):
    """延: each time; 実: each household, person or body once a year."""

    TIMES = "times", _("延")
    DISTINCT = "distinct", _("実")
    STOCK = "stock", _("年度末")
    RATIO = "ratio", _("割合・平均")


class Round(models.TextChoices):
    """初回 or 再プラン."""

    FIRST = "first", _("初回")
    AGAIN = "again", _("再プラン")


class Kind(models.TextChoices):
    """定例 or 臨時."""

    REGULAR = "regular", _("定例")
    AD_HOC = "ad_hoc", _("臨時")


class LookSource(models.TextChoices):
    """What stands in the way of telling a person of a look (V10): `kasane.person_looks` says it."""

    CASE = "case", _("主担当機関の記録の閲覧")
    OTHER = "other", _("ほかの人の同意による閲覧")
    AGENCY = "agency", _("ほかの機関が書いた記録の閲覧")
    SECRECY = "secrecy", _("守秘の会議での閲覧")
