"""Every role's navigation at the desk and on a phone: no sideways scrolling, nothing for axe."""

from __future__ import annotations

import pytest

from tests.browser.visitor import NARROW, WIDE, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

ROLES = (
    "kusatsu.elderly",
    "kusatsu.disability",
    "kusatsu.child",
    "kusatsu.livelihood",
    "kusatsu.coordinator",
    "kusatsu.head",
    "kusatsu.outreach",
    "kusatsu.participation",
    "kusatsu.community",
    "kusatsu.admin",
    "kusatsu.privacy",
    "sysadmin",
)

# axe takes most of the time: 今日の仕事 is looked at for every role, another page once.
looked_at: set[str] = set()


@pytest.mark.parametrize("role", ROLES)
def test_navigation_of_a_role_fits_and_is_accessible(visitor: Visitor, role: str) -> None:
    visitor.sign_in(role)
    for url in dict.fromkeys(["/", *visitor.lines_of_navigation(), "/notices/"]):
        visitor.come_back(url)
        visitor.fits(NARROW)
        visitor.fits(WIDE)
        if url == "/" or url not in looked_at:
            visitor.is_accessible()
            looked_at.add(url)
