"""From the name a caller asks for to targets in order: names, aliases, hints."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from openclaw.catalog.profile import ModelProfile
from openclaw.dialects.codec import InvalidRequest
from openclaw.providers.provider import Provider, StaticCredential
from openclaw.providers.registry import kind_named
from openclaw.routing.aliases import AliasCycle, unfold
from openclaw.routing.directory import Directory, UnknownModel
from openclaw.routing.hints import NO_HINTS, Hints, read_hints
from openclaw.routing.plan import plan


def provider(name: str, kind: str = "vllm", models: Sequence[str] = ()) -> Provider:
    return Provider(
        name=name, kind=kind_named(kind), base_url="http://x", credential=StaticCredential(), models=tuple(models)
    )


def profiles(**models: Sequence[str]) -> dict[str, dict[str, ModelProfile]]:
    return {name: {m: ModelProfile(provider=name, id=m) for m in ids} for name, ids in models.items()}


def directory(aliases: Mapping[str, Sequence[str]] | None = None) -> Directory:
    """`a` offers what the operator declared, `b` the catalogue's, `router` sells others' models under their names."""
    return Directory(
        [provider("a", models=["m", "n"]), provider("b", "groq"), provider("router", "openrouter")],
        profiles(a=["m"], b=["m", "p"], router=["a/m", "vendor/q"]),
        aliases or {},
    )


def names(found: Any) -> list[str]:
    return [target.name for target in found]


# --- names


@pytest.mark.parametrize(
    ("name", "targets"),
    [
        ("a/m", ["a/m"]),
        ("b/m", ["b/m"]),
        ("m", ["a/m", "b/m"]),
        ("n", ["a/n"]),
        ("p", ["b/p"]),
        ("router/a/m", ["router/a/m"]),
        ("vendor/q", ["router/vendor/q"]),
        ("b/newer-than-the-catalogue", ["b/newer-than-the-catalogue"]),
        ("router/new/model", ["router/new/model"]),
    ],
)
def test_a_name_means_these_targets(name: str, targets: list[str]) -> None:
    assert names(directory().resolve(name)) == targets


@pytest.mark.parametrize(
    "name", ["", "/", "x", "x/m", "a/", "a/p", "/m", "b/", "b/.", "b/..", "b/../x", "b/x/../../y", "b/x//y", "b/x/"]
)
def test_any_other_name_is_unknown(name: str) -> None:
    with pytest.raises(UnknownModel):
        directory().resolve(name)


def test_a_target_has_its_profile_where_there_is_one() -> None:
    assert directory().resolve("a/m")[0].profile == ModelProfile(provider="a", id="m")
    assert directory().resolve("a/n")[0].profile is None
    assert directory().resolve("b/new")[0].profile is None


def test_a_name_close_to_one_is_suggested() -> None:
    models = ["claude-sonnet-4-5", "claude-opus-4-5", "gpt-5"]
    known = Directory([provider("a", models=models)], {}, {"careful": ["gpt-5"]})
    with pytest.raises(UnknownModel) as caught:
        known.resolve("claude-sonet-4-5")
    assert caught.value.nearest[0] == "claude-sonnet-4-5"
    assert known.nearest("carefull") == ["careful"]
    assert known.nearest("zzzzzz") == []


def test_suggestions_stay_cheap_however_many_models_there_are() -> None:
    models = [f"model-{i}" for i in range(20_000)]
    assert len(Directory([provider("a", models=models)], {}, {}).nearest("model-x")) <= 3


def test_names_known_in_advance_are_listed_once() -> None:
    assert {"m", "a/m", "b/m", "fast"} <= set(directory({"fast": ["m"]}).names)
    assert [p.name for p in directory().providers] == ["a", "b", "router"]


# --- aliases


def test_an_alias_is_its_members_in_order_each_once() -> None:
    assert names(directory({"fast": ["b/p", "m", "a/m", "b/new"]}).resolve("fast")) == ["b/p", "a/m", "b/m", "b/new"]


def test_an_alias_wins_over_a_model_and_its_own_name_inside_is_the_model() -> None:
    assert names(directory({"m": ["b/p", "m"]}).resolve("m")) == ["b/p", "a/m", "b/m"]


def test_an_alias_does_not_change_what_another_one_means_by_its_place_in_the_file() -> None:
    aliases = {"m": ["b/p"], "z": ["m"]}
    for order in (aliases, dict(reversed(aliases.items()))):
        assert names(directory(order).resolve("z")) == ["b/p"]


def test_an_alias_of_nothing_known_is_refused() -> None:
    with pytest.raises(UnknownModel, match="x/y"):
        directory({"bad": ["x/y"]})


@pytest.mark.parametrize(
    ("aliases", "unfolded"),
    [
        ({}, {}),
        ({"a": ["x"]}, {"a": ("x",)}),
        ({"a": ["a", "x", "a"]}, {"a": ("a", "x")}),
        ({"a": ["b", "x"], "b": ["c", "y"], "c": ["z"]}, {"a": ("z", "y", "x"), "b": ("z", "y"), "c": ("z",)}),
        ({"a": ["b", "b"], "b": []}, {"a": (), "b": ()}),
    ],
)
def test_aliases_unfold(aliases: dict[str, list[str]], unfolded: dict[str, tuple[str, ...]]) -> None:
    assert unfold(aliases) == unfolded
    assert list(unfold(aliases)) == list(aliases)


def test_a_circle_of_aliases_is_named_once_around() -> None:
    with pytest.raises(AliasCycle, match=r"^b -> c -> b$") as caught:
        unfold({"a": ["b"], "b": ["x", "c"], "c": ["b"]})
    assert caught.value.names == ("b", "c")


def test_aliases_that_name_each_other_many_times_unfold_quickly() -> None:
    aliases = {f"a{i}": [f"a{i + 1}", f"a{i + 2}", f"a{i + 1}"] for i in range(300)}
    assert unfold(aliases)["a0"] == ("a300", "a301") or set(unfold(aliases)["a0"]) == {"a300", "a301"}


# --- hints


def test_no_routing_field_is_no_hint() -> None:
    assert read_hints({"temperature": 1}) is NO_HINTS


def test_hints_are_read_from_openrouters_fields() -> None:
    hints = read_hints(
        {
            "models": ["x", "y"],
            "provider": {
                "order": ["OpenAI"],
                "only": ["A", "b"],
                "ignore": ["C"],
                "allow_fallbacks": False,
                "sort": "price",
                "zdr": False,
                "data_collection": "deny",
                "quantizations": None,
            },
        }
    )
    assert hints == Hints(
        models=("x", "y"),
        order=("openai",),
        only=("a", "b"),
        ignore=("c",),
        allow_fallbacks=False,
        beyond_us=("provider.sort", "provider.data_collection"),
    )


@pytest.mark.parametrize(
    "asks_nothing",
    [{"data_collection": "allow"}, {"zdr": False}, {"require_parameters": False}, {"allow_fallbacks": True}, {}],
)
def test_a_hint_that_asks_for_nothing_is_none(asks_nothing: dict[str, Any]) -> None:
    assert read_hints({"provider": asks_nothing}) == Hints()


@pytest.mark.parametrize(
    ("extra", "field"),
    [
        ({"models": "x"}, "models"),
        ({"models": [1]}, "models[0]"),
        ({"provider": "x"}, "provider"),
        ({"provider": {"order": "x"}}, "provider.order"),
        ({"provider": {"only": [None]}}, "provider.only[0]"),
        ({"provider": {"allow_fallbacks": "no"}}, "provider.allow_fallbacks"),
    ],
)
def test_a_hint_of_the_wrong_type_is_refused_with_its_field(extra: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read_hints(extra)
    assert caught.value.param == field


# --- plan


@pytest.mark.parametrize(
    ("model", "hints", "planned"),
    [
        ("m", NO_HINTS, ["a/m", "b/m"]),
        ("m", Hints(models=("m", "p")), ["a/m", "b/m", "b/p"]),
        ("a/m", Hints(models=("m",)), ["a/m", "b/m"]),
        ("m", Hints(order=("b",)), ["b/m", "a/m"]),
        ("m", Hints(order=("groq",)), ["b/m", "a/m"]),
        ("m", Hints(only=("b",)), ["b/m"]),
        ("m", Hints(ignore=("vllm",)), ["b/m"]),
        ("m", Hints(allow_fallbacks=False), ["a/m"]),
        ("m", Hints(order=("b",), allow_fallbacks=False), ["b/m"]),
        ("vendor/q", Hints(only=("azure",)), ["router/vendor/q"]),
        ("vendor/q", Hints(beyond_us=("provider.sort",)), ["router/vendor/q"]),
        ("vendor/q", Hints(models=("m",), beyond_us=("provider.sort",)), ["router/vendor/q"]),
    ],
)
def test_a_plan_is_the_targets_in_the_order_that_the_hints_want(model: str, hints: Hints, planned: list[str]) -> None:
    assert names(plan(directory(), model, hints)) == planned


@pytest.mark.parametrize(
    ("hints", "field"),
    [
        (Hints(only=("nobody",)), "provider.only"),
        (Hints(ignore=("vllm", "groq")), "provider.ignore"),
        (Hints(beyond_us=("provider.zdr",)), "provider.zdr"),
        (Hints(models=("unheard-of",)), "models"),
    ],
)
def test_hints_that_nobody_can_honour_are_refused(hints: Hints, field: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        plan(directory(), "m", hints)
    assert caught.value.param == field


def test_an_unknown_model_is_unknown_whatever_its_fallbacks() -> None:
    with pytest.raises(UnknownModel):
        plan(directory(), "unheard-of", Hints(models=("m",)))
