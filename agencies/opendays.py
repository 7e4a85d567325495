"""On which days a city's offices work: what a profile says besides the law."""

from agencies.models import Municipality
from config.lib.rhythm import OpenDays


def open_days(city: Municipality) -> OpenDays:
    """The city's open days: no weekend, holiday, 年末年始 or closing day of its own."""
    return OpenDays(frozenset(city.closing_days))
