"""The second access table: every address with a key × whose row it is × method (V15).

A line: the address; who asks (a set of tests/standing.py); what is answered, GET/POST, about one's
own row, a shared one, and one that is closed. Of anybody else's row the answer is always 404, the
same byte for byte and query for query as of a key that names nothing.

  -    405: the address does not serve the method
  200  the page; 422 the form again (the question sends nothing that a form could take)
  302  done, and on to the next page; `no`: back, with the reason why not
  403  seen but not allowed, with the reason
  404  not there for this person
  .    the set has no such row; another set of the address has, or RELATIONLESS says why not
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tests import houses as h
from tests import standing as cases
from tests import standing_city as citys
from tests import twoworlds
from tests import world as w
from tests.standing import Standing

ROWS = """
# A case and what is written in it.
consultation_detail       worker      200/-    .        200/-
consultation_make_case    worker      -/302    .        -/403
consultation_add          worker      200/422  .        302/302
consultation_items        worker      200/422  .        200/422
consultation_finish       worker      -/422    .        -/422
draft_typed               worker      200/-    .        200/-
draft_discard             worker      -/302    .        -/302
person_new                worker      200/422  200/422  403/403
person_edit               worker      200/422  403/403  403/403
case_handover_print       worker      200/-    200/-    200/-
recertification_end       worker      403/403  403/403  403/403
case_detail               worker      200/-    200/-    200/-
case_print                worker      200/-    200/-    200/-
case_access               worker      200/-    200/-    200/-
case_why                  worker      200/-    403/-    200/-
case_as                   worker      200/-    403/-    200/-
record_history            worker      200/-    200/-    200/-
person_history            worker      200/-    200/-    200/-
case_looks                worker      200/-    403/-    200/-
looks_print               worker      200/-    403/-    200/-
case_close                worker      200/422  403/403  403/403
household_change          worker      200/-    403/-    403/-
household_split           worker      200/422  403/403  403/403
household_join            worker      200/422  403/403  403/403
household_merge           worker      200/422  403/403  403/403
person_same               worker      200/422  403/403  403/403
transfer_new              worker      200/422  403/403  403/403
move_out_new              worker      200/422  403/403  403/403
note_new                  worker      200/422  200/422  403/403
note_edit                 worker      200/422  403/403  403/403
genogram                  worker      200/-    200/-    200/-
genogram_small            worker      200/-    200/-    200/-
genogram_print            worker      200/-    200/-    200/-
genogram_move             worker      -/422    -/422    -/403
genogram_reset            worker      -/302    -/302    -/403
tie_new                   worker      200/422  200/422  403/403
tie_edit                  worker      200/422  403/403  403/403
issue_new                 worker      200/422  200/422  403/403
assessment_edit           worker      200/422  403/403  403/403
attachment_download       worker      200/-    200/-    200/-
record_detail             worker      200/-    200/-    200/-
record_ask                worker      200/422  200/422  200/422
record_confirm            worker      -/302    -/302    -/302
requests_end              worker      -/302    -/302    -/302
task_finish               worker      -/302    -/403    -/403
case_timeline             worker      200/200  200/200  200/200
template_edit             phrases     200/422  .        404/404
issue_solve               worker      200/422  403/403  403/403
assessment_new            worker      200/422  200/422  403/403
assessment_detail         worker      200/-    200/-    200/-
intake_sheet              worker      200/-    200/-    200/-
intake_sheet_print        worker      200/-    200/-    200/-
assessment_compare        worker      200/-    200/-    200/-
assessment_print          worker      200/-    200/-    200/-
caution_new               worker      200/422  200/422  403/403
caution_edit              worker      200/422  403/403  403/403
caution_end               worker      200/422  403/403  403/403
risk_new                  worker      200/422  200/422  403/403
risk_detail               worker      200/-    200/-    200/-
risk_edit                 worker      200/422  403/403  403/403
risk_decide               worker      200/422  403/403  403/403
risk_print                worker      200/-    200/-    200/-
consent_new               worker      200/422  200/422  403/403
consent_form_print        worker      200/200  200/200  403/403
consent_detail            worker      200/-    200/-    200/-
consent_withdraw          worker      200/422  404/404  200/422
consent_narrow            worker      200/422  404/404  403/403
consent_renew             worker      200/422  404/404  403/403
scan_new                  worker      -/422    -/404    -/403
consent_print             worker      200/-    404/-    200/-
withdrawal_print          worker      200/-    404/-    200/-
scan_download             worker      200/-    404/-    200/-
record_refile             worker      200/422  403/403  403/403
disclosure_new            worker      200/422  200/422  200/422
referral_new              worker      200/422  200/422  403/403
referral_detail           worker      200/-    200/-    200/-
referral_accept           worker      -/403    -/403    -/403
referral_return           worker      -/403    -/403    -/403
referral_result           worker      -/403    -/422    -/403
shield_new                worker      200/422  403/403  403/403
plan_new                  worker      200/422  200/422  403/403
plan_detail               worker      200/-    200/-    200/-
plan_history              worker      200/-    200/-    200/-
plan_edit                 worker      200/422  403/403  403/403
plan_sign                 worker      200/422  403/403  403/403
plan_submit               worker      200/302  403/403  403/403
plan_start                worker      403/403  403/403  403/403
monitor_new               worker      403/403  403/403  403/403
evaluate_new              worker      403/403  403/403  403/403
plan_end                  worker      200/422  403/403  200/422
plan_print                worker      200/-    200/-    200/-
item_done                 worker      -/403    -/403    -/403

# What an agency reads of others' cases (V14).
recertification_give_back manager     403/403  200/302  403/403
recertification_end       late        200/302  403/403  403/403

# Sheets: sent; received and waiting; received and answered.
referral_accept           sheets      -/403    -/302    -/403
referral_return           sheets      -/403    -/422    -/403

# Transfers: sent; received and waiting; taken back.
transfer_detail           transfers   200/-    200/-    200/-
transfer_accept           transfers   -/403    -/302    -/403
transfer_return           transfers   -/422    -/422    -/422
transfer_cancel           transfers   -/302    -/403    -/403

# A paper for another municipality: being prepared; another agency's, in a case one helps with;
# received, and the case is closed (V2).
move_out_detail           moves       200/-    404/-    200/-
move_out_print            moves       200/-    404/-    200/-
move_out_answer           moves       200/422  404/404  200/422
move_out_send             moves       200/422  404/404  403/403
move_out_receipt          moves       403/403  404/404  403/403
move_out_cancel           moves       200/422  404/404  403/403

# … that has gone: it waits for an answer; the same of another agency; come back.
move_out_receipt          gone        200/422  404/404  403/403
move_out_cancel           gone        403/403  404/404  403/403

# A plan in force: one's own; one helps with; ended.
monitor_new               running     200/422  200/422  403/403
evaluate_new              running     200/422  403/403  403/403
plan_end                  running     200/422  403/403  403/403
item_done                 running     -/302    -/403    -/403

# A plan before the agency that decides: its own; another's; decided.
plan_decide               head        200/422  200/422  403/403
plan_start                head        403/403  403/403  403/403

# A change of household: in one's own case; in a shared one; taken back (V18).
household_undo            links       200/302  404/404  403/403

# 支援措置 in force: one's agency's case; another's, with one on its list; lifted (V9).
shield_detail             shields     200/-    200/-    200/-
shield_lift               shields     200/422  200/422  403/403
shield_extend             shields     200/422  200/422  403/403
shield_place_new          shields     200/422  200/422  403/403
shield_place_end          shields     200/302  200/302  200/no
shield_holds              shields     200/-    200/-    200/-
hold_decide               shields     -/302    -/302    -/no

# … and proposed, to the one who is to confirm it; who is only on the list; lifted.
shield_confirm            proposals   200/302  403/403  403/403
shield_take_back          proposals   -/302    -/403    -/403

# 緊急閲覧: one's own; in one's agency's case; over (V8).
emergency_detail          emergencies 200/-    200/-    200/-
emergency_end             emergencies -/403    -/302    -/403

# Outreach: in one's own case; in a shared one; in a closed one.
visit_new                 visits      200/422  200/422  403/403
visit_edit                visits      200/422  200/422  403/403
visit_history             visits      200/-    200/-    200/-
visit_open                visits      -/404    -/404    -/404

# A visit under a carry-out: with a consent; without one yet; the case is closed (V6).
visit_open                unopened    -/302    -/403    -/403

# Participation: one's own; made by another agency in a shared case; the case is closed.
match_detail              matches     200/422  200/403  200/403
match_new                 matches     200/422  200/422  403/403
community_issue_from_case matches     200/422  200/422  403/403

# An item under secrecy, to its secretary: running; over (V6).
carry_out_detail          secretary   200/422  .        200/422
item_detail               secretary   200/-    .        200/-
item_people               secretary   200/422  .        200/422
item_participants         secretary   200/422  .        200/422
item_attach               secretary   200/422  .        200/422
item_members              secretary   200/302  .        403/403
item_answer               secretary   302/302  .        302/302
item_still                secretary   200/-    .        200/-
item_run                  secretary   200/422  .        302/422
item_roles                secretary   403/403  .        403/403
item_attendance           secretary   -/302    .        -/302
item_minutes              secretary   200/422  .        200/422
minutes_versions          secretary   200/-    .        200/-
minutes_approve           secretary   200/422  .        200/422
item_begin                secretary   -/302    .        -/no
item_brief                secretary   200/-    .        200/-
item_lines                secretary   200/-    .        200/-
line_add                  secretary   200/422  .        200/422
line_keep                 secretary   -/422    .        -/422
decision_keep             secretary   -/200    .        -/409
decision_typed            secretary   404/-    .        404/-
item_print                secretary   302/-    .        302/-
item_copies               secretary   200/422  .        200/422
item_person_new           secretary   200/422  .        403/422
letter_new                secretary   200/422  .        200/422
item_step                 secretary   -/302    .        -/no
appointment_pledge        secretary   403/403  .        404/404
appointment_revoke        secretary   -/302    .        -/403
item_person_pledge        secretary   200/422  .        200/422
pledge_print              secretary   200/-    .        200/-
item_person_revoke        secretary   -/302    .        -/no
letter_print              secretary   200/-    .        200/-
letter_reply              secretary   200/422  .        200/422
copy_return               secretary   -/302    .        -/no
carry_out_visit_new       secretary   403/403  .        403/403

# … to who is appointed to it: open; the appointment and the carry-out have ended.
carry_out_detail          appointed   .        200/422  404/404
item_detail               appointed   .        200/-    404/-
item_people               appointed   .        403/403  404/404
item_participants         appointed   .        403/403  404/404
item_attach               appointed   .        403/403  404/404
item_members              appointed   .        403/403  404/404
item_answer               appointed   .        302/302  404/404
item_still                appointed   .        200/-    404/-
item_run                  appointed   .        403/403  404/404
item_roles                appointed   .        403/403  404/404
item_attendance           appointed   .        -/403    -/404
item_minutes              appointed   .        403/403  404/404
minutes_versions          appointed   .        200/-    404/-
minutes_approve           appointed   .        403/403  404/404
item_begin                appointed   .        -/no     -/404
item_brief                appointed   .        200/-    404/-
item_lines                appointed   .        403/-    404/-
line_add                  appointed   .        403/403  404/404
line_keep                 appointed   .        -/409    -/404
decision_keep             appointed   .        -/409    -/404
decision_typed            appointed   .        404/-    404/-
item_print                appointed   .        302/-    404/-
item_copies               appointed   .        200/422  404/404
item_person_new           appointed   .        403/403  404/404
letter_new                appointed   .        403/403  404/404
carry_out_end             appointed   .        -/no     -/404
item_step                 appointed   .        -/no     -/404
appointment_pledge        appointed   .        302/302  404/404
appointment_revoke        appointed   .        -/403    -/404
item_person_pledge        appointed   .        403/403  404/404
pledge_print              appointed   .        403/-    404/-
item_person_revoke        appointed   .        -/403    -/404
item_person_password      appointed   .        -/403    -/404
letter_print              appointed   .        403/-    404/-
letter_reply              appointed   .        403/403  404/404
copy_return               appointed   .        -/no     -/404
carry_out_visit_new       appointed   .        200/422  404/404

# … to its guest, who has pledged; other addresses refuse the role, whatever the key (V6).
item_detail               visitor     .        200/-    .
item_answer               visitor     .        302/302  .
item_still                visitor     .        200/-    .
item_brief                visitor     .        200/-    .
minutes_versions          visitor     .        200/-    .
appointment_pledge        visitor     .        302/302  .

# … what it has decided to be carried out: running; ended.
carry_out_end             carried     -/302    .        -/no

# … its guest's account.
item_person_revoke        guests      -/302    .        -/no
item_person_password      guests      -/200    .        -/no

# An item with consent: proposed by one's agency; taking part in; withdrawn (V5).
item_detail               party       200/-    200/-    200/-
item_participants         party       200/422  403/403  200/422
item_members              party       200/302  403/403  403/403
item_answer               party       302/302  302/302  302/302
item_still                party       200/-    200/-    200/-
item_run                  party       403/403  403/403  403/403
item_roles                party       403/403  403/403  403/403
item_attendance           party       -/403    -/403    -/403
item_minutes              party       403/403  403/403  403/403
minutes_versions          party       200/-    200/-    200/-
minutes_approve           party       403/403  403/403  403/403
item_begin                party       -/no     -/no     -/no
item_brief                party       200/-    200/-    200/-
item_lines                party       403/-    403/-    403/-
line_add                  party       403/403  403/403  403/403
line_keep                 party       -/409    -/409    -/409
decision_keep             party       -/409    -/409    -/409
decision_typed            party       404/-    404/-    404/-
item_print                party       200/-    200/-    200/-
item_copies               party       302/302  302/302  302/302
item_step                 party       -/302    -/no     -/no

# What is the city's: entered by one's agency; by another; ended.
resource_edit             register    200/422  200/422  200/422
resource_end              register    -/422    -/422    -/422
place_detail              register    200/-    200/-    200/-
place_edit                register    200/422  200/422  200/422
place_end                 register    -/422    -/422    -/422
event_new                 register    200/422  200/422  200/422
community_issue_detail    register    200/422  200/422  200/422
community_issue_answer    register    200/422  200/422  200/422

# A sitting, to a secretary of its body: noticed; closed.
sitting_copies            calendar    200/-    .        200/-
sitting_pack              calendar    200/422  .        200/422
sitting_minutes           calendar    200/-    .        200/-
sitting_live              calendar    200/-    .        200/-
sitting_live_now          calendar    200/-    .        200/-
sitting_detail            calendar    200/-    .        200/-
sitting_date              calendar    200/422  .        200/422
sitting_agenda            calendar    200/302  .        302/302
sitting_answer            calendar    302/302  .        302/302
sitting_move              calendar    200/422  .        302/302
sitting_cancel            calendar    200/422  .        302/302
sitting_run               calendar    302/-    .        302/-
sitting_step              calendar    -/302    .        -/no

# The rule of a body of one's city.
series_set                rules       200/422  .        .

# Memberships of the city, to the system administrator: running; ended (V11).
membership_detail         accounts    200/-    .        200/-
membership_end            accounts    -/422    .        -/422

# A membership of one's agency, to its manager: to be confirmed; ended.
membership_detail         waiting     200/-    .        200/-
membership_confirm        waiting     -/302    .        -/403
membership_refuse         waiting     -/422    .        -/422

# A worker's cases, to the agency's manager: at work; gone (V14).
handover_new              staff       200/302  .        200/302
handover_print            staff       200/-    .        200/-

# The secretariat's list: one's own entry; a colleague's; last year's.
secretariat_step          pledging    200/422  403/403  200/422

# … to the head who names: an entry; an ended one.
secretariat_step          naming      404/302  .        404/403

# The directory: a line of one's own agency, of another one, one that has ended.
contact_point_edit        manager     200/422  403/403  404/404
contact_point_end         manager     -/302    -/403    -/404

# One's second factor: in use; taken away.
factor_detail             devices     200/422  .        404/404
factor_remove             devices     -/302    .        -/404

# Duties in the whole city: a running one, a closed one.
emergency_detail          officer     200/-    .        200/-
emergency_end             officer     -/302    .        -/403
emergency_review          officer     -/422    .        -/422
look_person               officer     200/422  .        200/422
look_paper                officer     200/-    .        200/-

# An indicator of one's city.
indicator_edit            figures     200/422  .        .
"""

# Which relation means nothing for an address, and why. Short on purpose.
RELATIONLESS: dict[str, dict[str, str]] = {
    "shared": {
        **dict.fromkeys(
            ["consultation_detail", "consultation_add", "consultation_make_case",
             "consultation_finish", "consultation_items"],
            "before it is a case, a consultation is its agency's alone (V1)",
        ),
        **dict.fromkeys(["draft_typed", "draft_discard"], "a draft is whoever typed it's alone"),
        **dict.fromkeys(
            ["sitting_detail", "sitting_date", "sitting_move", "sitting_run", "sitting_step",
             "sitting_copies", "sitting_pack", "sitting_minutes", "sitting_live",
             "sitting_live_now", "series_set",
             "sitting_cancel", "sitting_agenda", "sitting_answer"],
            "a day and a room are the whole city's; items have rows of their own",
        ),
        **dict.fromkeys(
            ["membership_detail", "membership_confirm", "membership_refuse", "membership_end",
             "handover_new", "handover_print"],
            "a membership is of one agency (V11, V14)",
        ),
        **dict.fromkeys(["factor_detail", "factor_remove"], "a device is one's own"),
        **dict.fromkeys(
            ["look_person", "look_paper", "emergency_review"],
            "a duty of one officer in the whole city (V10, V8)",
        ),
        "indicator_edit": "a figure is its city's (V11)",
        "template_edit": "an agency's phrases are its own",
    },
    "closed": {
        "indicator_edit": "a figure is never over",
        "series_set": "a body that has ended is no body of the city's",
    },
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """A line of the table."""

    address: str
    standing: str
    own: str
    shared: str
    closed: str

    def expected(self, relation: str, method: str) -> str:
        """What is answered; `-` where the method is not served."""
        said = getattr(self, relation)
        return str(said.split("/")[method == "POST"])

    def relations(self) -> list[str]:
        return [name for name in ("own", "shared", "closed") if getattr(self, name) != "."]


def rows() -> Iterator[Row]:
    """The table, line by line."""
    for line in ROWS.strip().splitlines():
        if line and not line.startswith("#"):
            yield Row(*line.split())


def standings() -> dict[str, Standing]:
    """Every set by its name, in one city; another city is there to be foreign."""
    scene = twoworlds.known("disability")
    twin = twoworlds.twin(scene, "disability")
    city, other = scene.city, w.city()
    h.staff(other)
    found = {"worker": cases.worker(scene, twin)}
    of = found["worker"]
    manager = w.make_member(city.agencies["disability"], "agency_manager")
    # A line of the directory is its city's: a stranger's is another city's.
    foreign = of.foreign | {"point_id": h.directory_line(other.elderly).pk}
    found["manager"] = Standing(manager, of.own, of.shared, of.closed, foreign)
    found["phrases"] = cases.phrases(city, manager)
    for with_twin in (
        cases.referrals, cases.transfers, cases.moves, cases.running, cases.late, cases.visits,
        cases.matches,
    ):  # fmt: skip
        found |= with_twin(city, twin)
    for alone in (cases.links, cases.shields, cases.emergencies, citys.items, citys.agreed):
        found |= alone(city)
    found |= cases.decided(other)
    found |= citys.registers(scene, other) | citys.calendar(city, other) | citys.people(city, other)
    return found | citys.officers(scene, other, found["emergencies"])
