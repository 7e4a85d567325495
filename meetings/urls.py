"""Addresses of the meetings room."""

from django.urls import path

from meetings.views import (
    calendar,
    cancelling,
    copies,
    items,
    letters,
    moving,
    named,
    papers,
    people,
    running,
    series,
    sittings,
)

urlpatterns = [
    path("meetings/", sittings.sitting_list, name="sitting_list"),
    path("meetings/new/", sittings.sitting_new, name="sitting_new"),
    path("meetings/series/", series.series_list, name="series_list"),
    path("meetings/series/<int:body_id>/", series.series_set, name="series_set"),
    path("meetings/calendar/", calendar.sitting_calendar, name="sitting_calendar"),
    path("meetings/calendar.ics", calendar.sitting_calendar_file, name="sitting_calendar_file"),
    path("meetings/calendar/feed/", calendar.calendar_feed, name="calendar_feed"),
    path("meetings/calendar/feed/stop/", calendar.calendar_feed_stop, name="calendar_feed_stop"),
    path("feeds/<slug:word>.ics", calendar.feed, name="feed"),
    path("meetings/secretariat/", people.secretariat_list, name="secretariat_list"),
    path(
        "meetings/secretariat/<uuid:entry_id>/<slug:step>/",
        people.secretariat_step,
        name="secretariat_step",
    ),
    path("meetings/items/new/", items.item_new, name="item_new"),
    path("meetings/items/<uuid:item_id>/", items.item_detail, name="item_detail"),
    path("meetings/items/<uuid:item_id>/people/", people.item_people, name="item_people"),
    path(
        "meetings/items/<uuid:item_id>/participants/",
        items.item_participants,
        name="item_participants",
    ),
    path("meetings/items/<uuid:item_id>/attach/", items.item_attach, name="item_attach"),
    path("meetings/items/<uuid:item_id>/run/", running.item_run, name="item_run"),
    path(
        "meetings/items/<uuid:item_id>/attendance/",
        running.item_attendance,
        name="item_attendance",
    ),
    path("meetings/items/<uuid:item_id>/minutes/", running.item_minutes, name="item_minutes"),
    path("meetings/items/<uuid:item_id>/print/", papers.item_print, name="item_print"),
    path("meetings/items/<uuid:item_id>/copies/", copies.item_copies, name="item_copies"),
    path("meetings/items/<uuid:item_id>/people/new/", named.person_new, name="item_person_new"),
    path("meetings/items/<uuid:item_id>/letters/new/", letters.letter_new, name="letter_new"),
    path(
        "meetings/items/<uuid:item_id>/carry-out/end/",
        letters.carry_out_end,
        name="carry_out_end",
    ),
    path("meetings/items/<uuid:item_id>/<slug:step>/", items.item_step, name="item_step"),
    path(
        "meetings/appointments/<uuid:grant_id>/pledge/",
        people.pledge,
        name="appointment_pledge",
    ),
    path(
        "meetings/appointments/<uuid:grant_id>/revoke/",
        people.revoke,
        name="appointment_revoke",
    ),
    path(
        "meetings/people/<uuid:person_id>/pledge/", named.person_pledge, name="item_person_pledge"
    ),
    path("meetings/people/<uuid:person_id>/paper/", named.pledge_print, name="pledge_print"),
    path(
        "meetings/people/<uuid:person_id>/revoke/",
        named.person_step,
        {"step": "revoke"},
        name="item_person_revoke",
    ),
    path(
        "meetings/people/<uuid:person_id>/password/",
        named.person_step,
        {"step": "password"},
        name="item_person_password",
    ),
    path("meetings/letters/<uuid:letter_id>/", letters.letter_print, name="letter_print"),
    path("meetings/letters/<uuid:letter_id>/reply/", letters.letter_reply, name="letter_reply"),
    path("meetings/copies/<uuid:copy_id>/return/", copies.copy_return, name="copy_return"),
    path("meetings/carry-outs/", letters.carry_out_list, name="carry_out_list"),
    path("meetings/<uuid:sitting_id>/copies/", copies.sitting_copies, name="sitting_copies"),
    path("meetings/<uuid:sitting_id>/", sittings.sitting_detail, name="sitting_detail"),
    path("meetings/<uuid:sitting_id>/date/", sittings.sitting_date, name="sitting_date"),
    path("meetings/<uuid:sitting_id>/move/", moving.sitting_move, name="sitting_move"),
    path("meetings/<uuid:sitting_id>/cancel/", cancelling.sitting_cancel, name="sitting_cancel"),
    path("meetings/<uuid:sitting_id>/run/", running.sitting_run, name="sitting_run"),
    path("meetings/<uuid:sitting_id>/<slug:step>/", sittings.sitting_step, name="sitting_step"),
]
