"""Genograms and ecomaps as they are laid out: twenty households judged by eye and by these rules,
and families nobody has thought of."""

import itertools
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.kinship.family import (
    Bond,
    Couple,
    Helper,
    Household,
    Member,
    Parent,
    Sibling,
)
from cases.kinship.lines import crossings
from cases.kinship.picture import draw
from cases.kinship.places import Box
from cases.kinship.svg import svg
from config.demo.families import SAMPLES, family

BY_TITLE = {sample.title: sample for sample in SAMPLES}
samples = pytest.mark.parametrize("title", BY_TITLE)
families = settings(max_examples=50, deadline=None)
TOUCHING = -0.5  # px: boxes that only touch do not overlap


@cache
def drawn(title):
    return draw(BY_TITLE[title].household)


def boxes(picture):
    """Symbols, words and helpers, each with whose it is."""
    for symbol in picture.symbols:
        yield symbol.member.key, symbol.spot.symbol
        if symbol.spot.words:
            yield symbol.member.key, symbol.spot.label
    for place in picture.helpers:
        yield place.helper.key, place.box


def overlaps(picture):
    return [
        (one, other)
        for (one, a), (other, b) in itertools.combinations(boxes(picture), 2)
        if one != other and a.grown(TOUCHING).meets(b)
    ]


def spots(picture):
    return {symbol.member.key: symbol.spot for symbol in picture.symbols}


def passed(picture, roles):
    """Lines of these roles that run over a symbol or words they do not belong to."""
    found = []
    for stroke in picture.strokes:
        if stroke.role not in roles:
            continue
        for key, box in boxes(picture):
            spot = spots(picture).get(key)
            if key in stroke.about and (spot is None or box == spot.symbol):
                continue
            inner = box.grown(-1.5)
            if any(inner.cut_by(a, b) for a, b in itertools.pairwise(stroke.points)):
                found.append((stroke.about, key))
    return found


def crossed(picture):
    """How often lines of the family cross."""
    lines = [s for s in picture.strokes if s.role in ("couple", "child")]
    return sum(crossings(a.points, b.points) for a, b in itertools.combinations(lines, 2))


def inside(outline, x, y):
    """Whether a point lies within a closed outline (even-odd)."""
    count = 0
    for (ax, ay), (bx, by) in zip(outline, [*outline[1:], outline[0]], strict=True):
        if (ay > y) != (by > y) and x < ax + (y - ay) * (bx - ax) / (by - ay):
            count += 1
    return count % 2


def framed(picture):
    return {
        key
        for key, spot in spots(picture).items()
        if sum(inside(outline, spot.x, spot.y) for outline in picture.frames) % 2
    }


# --- the twenty ------------------------------------------------------------------------------


def test_there_are_twenty_of_one_to_fifteen_persons_over_four_generations():
    sizes = [len(sample.household.members) for sample in SAMPLES]
    assert len(SAMPLES) == 20
    assert min(sizes) <= 2
    assert max(sizes) == 15
    assert max(len({s.y for s in spots(draw(f.household)[0]).values()}) for f in SAMPLES) >= 4


@samples
def test_nothing_lies_on_anything(title):
    for picture in drawn(title):
        assert overlaps(picture) == []


@samples
def test_generations_stand_on_one_line(title):
    household = BY_TITLE[title].household
    found = spots(drawn(title)[0])
    for tie in household.couples:
        assert found[tie.first].y == found[tie.second].y
    for tie in household.parents:
        assert found[tie.child].y > found[tie.parent].y
    parents = {}
    for tie in household.parents:
        if tie.nature == "birth":  # grandparents may adopt
            parents.setdefault(tie.parent, set()).add(found[tie.child].y)
    assert all(len(levels) == 1 for levels in parents.values())


@samples
def test_partners_stand_side_by_side(title):
    """All but the third of somebody with three partners."""
    household = BY_TITLE[title].household
    picture = drawn(title)[0]
    apart = [tie for tie in household.couples if between(picture, tie.first, tie.second)]
    many = {key for tie in household.couples for key in (tie.first, tie.second)
            if sum(key in (t.first, t.second) for t in household.couples) > 2}  # fmt: skip
    assert all(many & {tie.first, tie.second} for tie in apart)
    assert len(apart) <= len(many)


def between(picture, one, other):
    found = spots(picture)
    left, right = sorted((found[one].x, found[other].x))
    return {
        key
        for key, spot in found.items()
        if spot.y == found[one].y and left < spot.x < right and key not in (one, other)
    }


@samples
def test_brothers_and_sisters_stand_together(title):
    """Nobody between them but their partners, and half-siblings of the same parent."""
    household = BY_TITLE[title].household
    picture = drawn(title)[0]
    partners = [{tie.first, tie.second} for tie in household.couples]
    groups = {}
    for tie in household.parents:
        groups.setdefault(tie.parent, set()).add(tie.child)
    for kids in groups.values():
        theirs = kids | {key for pair in partners if pair & kids for key in pair}
        for one, other in itertools.combinations(kids, 2):
            assert between(picture, one, other) <= theirs


@samples
def test_the_eldest_comes_first_among_those_with_the_same_parents(title):
    household = BY_TITLE[title].household
    found = spots(drawn(title)[0])
    rank = {m.key: m.rank for m in household.members}
    of = {}
    for tie in household.parents:
        of.setdefault(tie.child, set()).add((tie.parent, tie.nature))
    married = {key for tie in household.couples for key in (tie.first, tie.second)}
    for one, other in itertools.permutations(of, 2):
        # Who is married may have to stand beside their partner's family.
        if of[one] == of[other] and rank[one] < rank[other] and not {one, other} & married:
            assert found[one].x < found[other].x


@samples
def test_family_lines_run_over_nobody_and_cross_as_little_as_said(title):
    sample = BY_TITLE[title]
    picture = drawn(title)[0]
    assert passed(picture, ("couple", "child")) == []
    assert crossed(picture) <= sample.crossings


@samples
def test_lines_of_helpers_run_over_nobody_else(title):
    picture = drawn(title)[1]
    assert len(picture.helpers) == len(BY_TITLE[title].household.helpers)
    over = [(about, key) for about, key in passed(picture, ("helper",)) if key not in about]
    assert over == []
    lines = [s for s in picture.strokes if s.role == "helper"]
    assert sum(crossings(a.points, b.points) for a, b in itertools.combinations(lines, 2)) == 0


@samples
def test_the_frame_holds_those_who_live_together_and_nobody_else(title):
    household = BY_TITLE[title].household
    for picture in drawn(title):
        assert framed(picture) == {m.key for m in household.members if m.is_home}


@samples
def test_the_same_household_is_drawn_the_same(title):
    again = draw(BY_TITLE[title].household)
    assert svg(drawn(title)[1], "同居") == svg(again[1], "同居")


# --- families nobody has thought of -----------------------------------------------------------


@st.composite
def trees(draw_):
    """A family without contradictions: couples have children, some of whom marry again."""
    members, couples, parents = [], [], []

    def person(level):
        key = f"p{len(members)}"
        shape = draw_(st.sampled_from(["square", "circle", "diamond"]))
        words = tuple(draw_(st.lists(st.sampled_from(["架空", "見本野川"]), max_size=3)))
        members.append(
            Member(key, words, shape, "40", rank=len(members), level=level,
                   is_home=draw_(st.booleans()))
        )  # fmt: skip
        return key

    def grow(key, level):
        if level > 3 or len(members) > 13:
            return
        for _n in range(draw_(st.sampled_from([0, 1, 1, 2]))):
            if len(members) > 13:
                return
            other = person(level)
            state = draw_(st.sampled_from(["married", "divorced", "common_law", "separated"]))
            couples.append(Couple(key, other, state))
            for _child in range(draw_(st.integers(0, 3))):
                child = person(level + 1)
                nature = draw_(st.sampled_from(["birth", "birth", "adopted"]))
                parents.extend(Parent(p, child, nature) for p in (key, other))
                grow(child, level + 1)

    grow(person(0), 0)
    return Household(tuple(members), tuple(parents), tuple(couples))


@given(trees())
@families
def test_any_family_stands_without_overlaps_on_lines(household):
    picture = draw(household)[0]
    found = spots(picture)
    assert overlaps(picture) == []
    assert picture.left_out == []
    assert all(found[t.first].y == found[t.second].y for t in household.couples)
    assert all(found[t.child].y > found[t.parent].y for t in household.parents)
    home = {m.key for m in household.members if m.is_home}
    assert framed(picture) == home


@given(trees())
@families
def test_partners_and_siblings_of_any_family_stand_together(household):
    """In a family that descends from one couple or person nobody need stand in between, but where
    somebody had two partners and children by both."""
    picture = draw(household)[0]
    partners = {}
    for tie in household.couples:
        partners.setdefault(tie.first, set()).add(tie.second)
    for tie in household.couples:
        assert between(picture, tie.first, tie.second) <= partners[tie.first]
    groups = {}
    for tie in household.parents:
        groups.setdefault(tie.parent, set()).add(tie.child)
    for kids in groups.values():
        theirs = kids.union(*(partners.get(key, set()) for key in kids))
        halves = kids.union(*(others for others in groups.values() if others & kids))
        theirs |= halves.union(*(partners.get(key, set()) for key in halves))
        for one, other in itertools.combinations(kids, 2):
            assert between(picture, one, other) <= theirs


KEYS = [f"k{n}" for n in range(9)]
pairs = st.tuples(st.sampled_from(KEYS), st.sampled_from(KEYS))


@given(
    st.lists(pairs, max_size=9), st.lists(pairs, max_size=4), st.lists(pairs, max_size=3),
    st.lists(pairs, max_size=3), st.lists(st.sampled_from(["", *KEYS]), max_size=6),
    st.sets(st.sampled_from(KEYS)),
)  # fmt: skip
@families
def test_ties_that_contradict_each_other_are_drawn_without_overlaps(
    parents, couples, siblings, bonds, helpers, home
):
    """Circles of parents, one's own partner, siblings of one's mother: what fits is drawn."""
    household = Household(
        tuple(Member(key, (f"{key}さん",), is_home=key in home) for key in KEYS),
        tuple(Parent(*pair) for pair in parents),
        tuple(Couple(*pair) for pair in couples),
        tuple(Sibling(*pair) for pair in siblings),
        tuple(Bond(*pair, "strained") for pair in bonds),
        tuple(Helper(f"h{n}", ("架空医院",), to) for n, to in enumerate(helpers)),
    )
    for picture in draw(household):
        assert overlaps(picture) == []
        assert {s.member.key for s in picture.symbols} == set(KEYS)
        assert svg(picture, "同居").width > 0


@given(st.permutations(range(8)))
@families
def test_the_order_in_which_ties_were_written_changes_nothing_but_their_order(order):
    sample = family(
        "祖父:m75 祖母:f73 父:m48:h 母:f45:h 叔父:m44 兄:m18:h 妹:f12:h 弟:m9:h",
        "祖父=祖母 父=母", "祖父+祖母>父,叔父 父+母>兄,妹,弟",
    )  # fmt: skip
    mixed = Household(
        sample.members, tuple(sample.parents[n] for n in order) + sample.parents[8:],
        sample.couples[::-1],
    )  # fmt: skip
    assert spots(draw(mixed)[0]) == spots(draw(sample)[0])


# --- moving, symbols, lines -------------------------------------------------------------------


def test_a_symbol_moved_by_hand_takes_its_lines_along():
    sample = BY_TITLE["双子のいる5人世帯"].household
    still, moved = draw(sample)[0], draw(sample, {"双葉": (0.0, 60.0)})[0]
    assert spots(moved)["双葉"].y == spots(still)["双葉"].y + 60
    ends = [s.points[-1] for s in moved.strokes if s.about[-1:] == ("双葉",) and s.role == "child"]
    top = spots(moved)["双葉"].y - 23
    assert any(abs(y - top) < 1 for _x, y in ends)


def test_what_was_moved_takes_no_other_along():
    """A person moved leaves the helpers where they are; a helper moved stays when another comes."""
    sample = BY_TITLE["ひとり暮らし、かかわる人の多い人"].household
    still = draw(sample)[1]
    moved = draw(sample, {"架空_静": (80.0, 0.0)})[1]

    def from_middle(picture):
        return {
            p.helper.key: (round(p.x - picture.middle[0]), round(p.y - picture.middle[1]))
            for p in picture.helpers
        }

    assert from_middle(moved) == from_middle(still)
    fixed = {"helper3": (-200.0, 40.0), "helper4": (250.0, -30.0)}
    for helpers in (sample.helpers, sample.helpers[2:], sample.helpers[:-2]):
        picture = draw(replace(sample, helpers=helpers), fixed)[1]
        assert (
            from_middle(picture).items() >= {"helper3": (-200, 40), "helper4": (250, -30)}.items()
        )
        assert overlaps(picture) == []


def test_every_kind_of_line_is_told_apart_without_colour():
    household = family(
        "a:m50:h b:f48:h c:m47 d:f44 e:m20:h f:f18:h g:m15:h", "a=b b//c a/d",
        "a+b>e a+b>a:f c>s:g", "e-f:strong f-g:weak a-e:strained b>e:plain",
    )  # fmt: skip
    strokes = draw(household)[0].strokes
    assert {s.style for s in strokes if s.role == "child"} == {"solid", "dashed", "dashdot"}
    assert {s.style for s in strokes if s.role == "bond"} == {
        "double", "dotted", "zigzag", "solid",
    }  # fmt: skip
    assert sorted(s.slashes for s in strokes if s.role == "couple") == [0, 1, 2]
    assert [s.about for s in strokes if s.is_arrow] == [("b", "e")]


def test_the_dead_the_key_person_and_the_one_in_the_middle_have_their_signs():
    household = family("a:m88:d b:f83:hc c:?", "a+b")
    drawn = {p.key: p for p in svg(draw(household)[0], "同居").persons}
    assert [s.css for s in drawn["a"].shapes] == ["kin-symbol", "kin-line"]
    assert [s.css for s in drawn["b"].shapes] == ["kin-symbol", "kin-inner"]
    assert [w.text for w in drawn["a"].words] == ["aさん", "享年88"]
    assert drawn["c"].shapes[0].d.count("L") == 3


def test_an_empty_household_is_an_empty_picture():
    picture = draw(Household(()))[0]
    assert (picture.symbols, picture.strokes, picture.frames) == ([], [], [])
    assert Box(0, 0, 1, 1).meets(Box(0, 0, 2, 2))
