"""What a full list means, and which games are active."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pitboss.catalogue.model import Brand, Counts, Game
from pitboss.catalogue.rules import Running, active_games, foreign, plan_sync, repeated

pytestmark = pytest.mark.unit


def game(slug: str, integration: str = "i", **more: object) -> Game:
    return replace(Game(slug, slug.title(), "Studio", integration, True), **more)  # type: ignore[arg-type]


def brand(ref: str, *, enabled: bool = True) -> Brand:
    return Brand(ref, ref.title(), "op", "Op", "i", enabled)


slugs = st.sampled_from("abcdefgh")
games = st.builds(
    lambda slug, integration, name, enabled: Game(slug, name, "S", integration, enabled),
    slugs,
    st.sampled_from(["i", "j"]),
    st.sampled_from(["one", "two"]),
    st.booleans(),
)
catalogues = st.lists(games, max_size=8).map(lambda rows: {row.slug: row for row in rows})
lists = st.lists(games, max_size=8, unique_by=lambda row: row.slug).map(
    lambda rows: [replace(row, integration_id="i") for row in rows]
)


@given(lists, catalogues)
def test_after_a_sync_the_list_stands_the_missing_are_disabled_and_others_are_untouched(
    wanted: list[Game], present: dict[str, Game]
) -> None:
    sync = plan_sync(wanted, present, "i")
    after = present | {row.slug: row for row in sync.writes}
    listed = {row.slug for row in wanted}
    for row in wanted:
        assert after[row.slug] == row
    for slug, row in present.items():
        if slug not in listed:
            expected = replace(row, enabled=False) if row.integration_id == "i" else row
            assert after[slug] == expected
    # Writes only what changes, and the counts add up.
    assert all(present.get(row.slug) != row for row in sync.writes)
    counts = sync.counts
    assert counts.created + counts.updated + counts.unchanged == len(wanted)
    assert counts.created + counts.updated + counts.disabled == len(sync.writes)
    assert plan_sync(wanted, after, "i") == ([], Counts(0, 0, 0, len(wanted)))


@given(lists, catalogues)
def test_any_beginning_of_the_writes_disables_nothing_early_and_can_be_completed(
    wanted: list[Game], present: dict[str, Game]
) -> None:
    """The process dies after `n` writes: the same list sent again ends where one run would have ended."""
    writes = plan_sync(wanted, present, "i").writes
    whole = present | {row.slug: row for row in writes}
    listed = {row.slug for row in wanted}
    for count in range(len(writes) + 1):
        partly = present | {row.slug: row for row in writes[:count]}
        rest = plan_sync(wanted, partly, "i").writes
        assert partly | {row.slug: row for row in rest} == whole
        if any(row.slug not in listed for row in writes[:count]):
            assert all(partly[slug] == whole[slug] for slug in listed)


def test_an_enabled_game_of_another_integration_is_not_taken_over() -> None:
    present = {"a": game("a", "other"), "b": game("b", "other", enabled=False), "c": game("c")}
    wanted = {f"games[{n}].gameId": game(slug) for n, slug in enumerate("abcd")}
    assert [e.pointer for e in foreign(wanted, present, "i")] == ["games[0].gameId"]


def test_a_ref_that_stands_twice_is_named_with_its_first_place() -> None:
    errors = repeated([("x[0]", "a"), ("x[1]", "b"), ("x[2]", "a")])
    assert [(e.pointer, e.reason) for e in errors] == [("x[2]", "'a' stands at x[0] already")]


CATALOGUE = {
    "crash": game("crash"),
    "slot": game("slot", brands=("aurora",)),
    "off": game("off", enabled=False),
    "nobody": game("nobody", brands=()),
}
BRANDS = {"aurora": brand("aurora"), "borealis": brand("borealis"), "closed": brand("closed", enabled=False)}


@pytest.mark.parametrize(
    ("running", "expected"),
    [
        ([], {}),
        ([Running("t", ("crash",), ("aurora",))], {"crash": ["aurora"]}),
        ([Running("t", ("crash",), ())], {"crash": ["aurora", "borealis"]}),
        ([Running("t", (), ())], {"crash": ["aurora", "borealis"], "slot": ["aurora"]}),
        ([Running("t", ("slot",), ("borealis",))], {}),
        ([Running("t", ("off", "nobody", "unheard-of"), ())], {}),
        ([Running("t", ("crash",), ("closed", "unheard-of"))], {}),
        (
            [Running("t", ("crash",), ("aurora",)), Running("u", ("crash",), ("borealis",))],
            {"crash": ["aurora", "borealis"]},
        ),
    ],
)
def test_active_games_are_enabled_games_by_brands_that_offer_them(
    running: list[Running], expected: dict[str, list[str]]
) -> None:
    rows = active_games(running, CATALOGUE, BRANDS)
    assert {row["gameId"]: row["brandIds"] for row in rows} == expected
    assert all(row["tournamentIds"] for row in rows)
