"""How old somebody is, in words: one place, so that a slip, a paper, a case and a search say alike.

Without a day of birth an age is くらい; a decade that was said (「70代」) stays a decade.
"""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from config.lib.eras import PartialDate, decade_of, format_long, format_partial, today

if TYPE_CHECKING:
    from cases.models import ConsultationPerson, Person


def age_on(person: Person | ConsultationPerson, on: datetime.date) -> int | None:
    """Whole years on a day; from the year of birth alone when that is all there is."""
    if person.birth_on:
        before = (on.month, on.day) < (person.birth_on.month, person.birth_on.day)
        return on.year - person.birth_on.year - before
    return on.year - person.birth_year if person.birth_year else None


def age_words(person: Person | ConsultationPerson, on: datetime.date | None = None) -> str:
    """「79歳」, 「75歳くらい」, 「70代くらい」 or nothing; on a day, or today."""
    age = age_on(person, on or today())
    return "" if age is None else words_of(person, age)


def words_of(person: Person | ConsultationPerson, age: int) -> str:
    """The same, of an age that is known."""
    if person.birth_on:
        return _("%(age)s歳") % {"age": age}
    if person.is_decade:
        return _("%(age)s代くらい") % {"age": decade_of(age)}
    return _("%(age)s歳くらい") % {"age": age}


def birth_words(person: Person | ConsultationPerson) -> str:
    """「昭和22年5月1日」, 「昭和26年頃」 or nothing: the birth date in era years, as said."""
    if person.birth_on:
        return format_long(person.birth_on)
    if person.birth_year and not person.is_decade:
        return format_partial(PartialDate(person.birth_year, estimated=person.is_age_estimated))
    return ""


def born(person: Person | ConsultationPerson) -> str:
    """「昭和22年5月1日（79歳）」, 「70代くらい」, as far as it is known."""
    birth, age = birth_words(person), age_words(person)
    return _("%(birth)s（%(age)s）") % {"birth": birth, "age": age} if birth else age
