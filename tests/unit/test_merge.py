"""Versions made apart are put together: nothing lost, nothing invented, the same whatever arrived first."""

from itertools import permutations
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hvapp.domain.lineage import Node, ancestors, heads_of, merged_id, oldest_first, without
from hvapp.domain.merge import MISSING, Merged, Version, merge, merge_versions

KEYS = st.sampled_from(["weight_kg", "place", "present", "seen_alone"])
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(0, 2), st.sampled_from(["a", "b"]), st.lists(st.integers(0, 1))
)
PAYLOADS = st.fixed_dictionaries(
    {part: st.dictionaries(KEYS, VALUES) for part in ("answers", "confirmed", "alert_responses")}
)


def answers(**values: Any) -> dict[str, Any]:
    return {"answers": values}


def told_apart(value: Any) -> str:
    """Python takes true for 1; an answer does not."""
    return repr(value)


def said(payload: dict[str, Any], part: str, key: str) -> str:
    return told_apart(payload.get(part, {}).get(key, MISSING))


def result(merged: Merged) -> tuple[str, frozenset[Any]]:
    """What came of it, without saying who was who."""
    conflicts = frozenset(
        (
            one.part,
            one.key,
            told_apart(one.base),
            frozenset(told_apart(each.value) for each in one.candidates),
        )
        for one in merged.conflicts
    )
    parts = (merged.answers, merged.confirmed, merged.alert_responses)
    return told_apart([sorted(part.items()) for part in parts]), conflicts


class TestThreeWay:
    def test_changes_to_different_answers_are_put_together(self) -> None:
        merged = merge(
            answers(weight_kg="3.1", place="home"),
            answers(weight_kg="3.2", place="home"),
            answers(weight_kg="3.1", place="gp", mode="phone"),
        )

        assert merged.answers == {"weight_kg": "3.2", "place": "gp", "mode": "phone"}
        assert merged.conflicts == ()

    def test_changes_to_the_same_answer_are_a_conflict_and_the_rest_is_kept(self) -> None:
        merged = merge(answers(a="1", b="1"), answers(a="2", b="2"), answers(a="3", b="1"))

        assert merged.answers == {"b": "2"}
        [conflict] = merged.conflicts
        assert (conflict.part, conflict.key, conflict.base) == ("answers", "a", "1")
        assert {one.value: one.versions for one in conflict.candidates} == {"2": ("ours",), "3": ("theirs",)}

    def test_the_same_change_on_both_is_no_conflict(self) -> None:
        assert merge(answers(a="1"), answers(a="2"), answers(a="2")).answers == {"a": "2"}

    def test_true_and_one_are_different_answers(self) -> None:
        assert len(merge(answers(), answers(a=True), answers(a=1)).conflicts) == 1

    def test_an_answer_taken_away_stays_away_unless_the_other_changed_it(self) -> None:
        assert merge(answers(a="1"), answers(), answers(a="1")).answers == {}
        [conflict] = merge(answers(a="1"), answers(), answers(a="2")).conflicts
        assert {told_apart(one.value) for one in conflict.candidates} == {"MISSING", "'2'"}

    def test_without_a_common_beginning_equal_answers_agree_and_different_ones_do_not(self) -> None:
        merged = merge(None, answers(a="1", b="1", c="1"), answers(a="1", b="2", d="1"))

        assert merged.answers == {"a": "1", "c": "1", "d": "1"}
        assert [one.key for one in merged.conflicts] == ["b"]
        assert merged.conflicts[0].base is MISSING

    def test_what_confirms_the_answer_as_it_is_now_is_kept(self) -> None:
        ours = {"answers": {"w": "9"}, "confirmed": {"w": "9"}}
        theirs = {"answers": {"w": "9"}, "confirmed": {"w": "8"}}

        assert merge(answers(w="1"), ours, theirs).confirmed == {"w": "9"}
        assert merge(answers(w="1"), theirs, ours).confirmed == {"w": "9"}

    @given(PAYLOADS, PAYLOADS, PAYLOADS)
    def test_it_does_not_matter_which_is_called_ours(self, base: Any, ours: Any, theirs: Any) -> None:
        assert result(merge(base, ours, theirs))[1] == result(merge(base, theirs, ours))[1]
        assert merge(base, ours, theirs).answers == merge(base, theirs, ours).answers

    @given(PAYLOADS, PAYLOADS)
    def test_where_only_one_changed_the_result_is_that_one(self, base: Any, ours: Any) -> None:
        for merged in (merge(base, ours, base), merge(base, base, ours), merge(base, ours, ours)):
            assert merged.conflicts == ()
            assert result(merged)[0] == told_apart(
                [sorted(ours[part].items()) for part in ("answers", "confirmed", "alert_responses")]
            )

    @given(st.none() | PAYLOADS, PAYLOADS, PAYLOADS)
    def test_no_value_is_invented_and_none_is_lost(self, base: Any, ours: Any, theirs: Any) -> None:
        merged = merge(base, ours, theirs)
        result_of = {"answers": merged.answers, "alert_responses": merged.alert_responses}
        for part, kept in result_of.items():
            for key in {*ours[part], *theirs[part]}:
                was = said(base or {}, part, key)
                changed = {said(one, part, key) for one in (ours, theirs)} - {was}
                conflict = next((c for c in merged.conflicts if (c.part, c.key) == (part, key)), None)
                if conflict is not None:
                    assert changed <= {told_apart(one.value) for one in conflict.candidates}
                    assert key not in kept
                elif base is None:
                    assert told_apart(kept[key]) in changed
                else:
                    assert told_apart(kept.get(key, MISSING)) in (changed or {was})
                    assert len(changed) <= 1


class TestManyVersions:
    def test_a_change_taken_back_on_the_way_does_not_come_again(self) -> None:
        """Compared with their common beginning alone, the middle version's change would win."""
        versions = [
            Version("1", (), answers(a="0")),
            Version("2", ("1",), answers(a="1")),
            Version("left", ("2",), answers(a="1", b="x")),
            Version("right", ("2",), answers(a="0")),
            Version("early", ("1",), answers(a="0", c="y")),
        ]

        assert merge_versions(versions, ("left", "right", "early")).answers == {"a": "0", "b": "x", "c": "y"}

    def test_a_settled_answer_is_the_last_word(self) -> None:
        versions = [
            Version("1", (), answers(a="0")),
            Version("2", ("1",), answers(a="1")),
            Version("3", ("1",), answers(a="2")),
            Version("settled", ("2", "3"), answers(a="2")),
            Version("4", ("2",), answers(a="1", b="new")),
        ]

        assert merge_versions(versions, ("settled", "4")).answers == {"a": "2", "b": "new"}

    @given(st.permutations(range(4)), st.lists(PAYLOADS, min_size=4, max_size=4))
    def test_the_order_in_which_versions_are_told_does_not_matter(self, order: Any, payloads: Any) -> None:
        parents = ((), ("0",), ("0",), ("1",))
        versions = [Version(str(n), parents[n], payloads[n]) for n in range(4)]

        expected = result(merge_versions(versions, ("2", "3")))

        assert result(merge_versions([versions[n] for n in order], ("3", "2"))) == expected

    def test_settling_puts_the_choice_in_and_leaves_the_rest(self) -> None:
        merged = merge(answers(a="1", b="1"), answers(a="2", b="5"), answers(a="3", b="1"))

        settled = merged.settled({("answers", "a"): "3"})

        assert settled.answers == {"a": "3", "b": "5"}
        assert settled.conflicts == ()
        assert merged.settled({("answers", "a"): MISSING}).answers == {"b": "5"}


class TestLineage:
    def test_a_head_is_what_nobody_went_on_from(self) -> None:
        nodes = [Node("1", ()), Node("2", ("1",)), Node("3", ("1",)), Node("4", ("3",))]

        for order in permutations(nodes):
            assert heads_of(order) == ("2", "4")

    def test_what_the_server_put_together_counts_only_once_somebody_went_on_from_it(self) -> None:
        nodes = [Node("1", ()), Node("2", ("1",)), Node("3", ("1",)), Node("m", ("2", "3"), passing=True)]

        assert heads_of(nodes) == ("2", "3")
        assert heads_of([*nodes, Node("4", ("m",))]) == ("4",)

    def test_a_beginning_that_has_not_arrived_leaves_a_second_head(self) -> None:
        assert heads_of([Node("1", ()), Node("3", ("2",))]) == ("1", "3")
        assert heads_of([Node("1", ()), Node("3", ("2",)), Node("2", ("1",))]) == ("3",)

    def test_a_version_that_names_itself_as_its_beginning_is_kept(self) -> None:
        assert heads_of([Node("1", ("1",))]) == ("1",)
        assert oldest_first({"1": ("2",), "2": ("1",)}) == {"1": (), "2": ("1",)}
        assert merge_versions([Version("1", ("1",), answers(a="1"))], ("1",)).answers == {"a": "1"}

    def test_the_merged_version_has_the_same_number_from_wherever_it_is_made(self) -> None:
        assert merged_id(["b", "a"]) == merged_id(["a", "b"]) != merged_id(["a", "c"])


def test_a_family_without_some_goes_on_from_what_those_were_made_from() -> None:
    family = {"a": (), "b": ("a",), "c": ("b",), "d": ("c", "a"), "e": ("elsewhere",), "loop": ("loop", "a")}
    assert without(family, {"b", "c"}) == {"a": (), "d": ("a",), "e": ("elsewhere",), "loop": ("loop", "a")}
    assert without({"x": ("loop",), **family}, {"loop"})["x"] == ("a",)
    assert ancestors(family, "d") == {"a", "b", "c"}
    assert ancestors(family, "loop") == {"loop", "a"}
