"""What the model's stand-in answers, and what its prompt cache remembers."""

from __future__ import annotations

import itertools
import re
from typing import Any

import pytest

from telnyx_actors.standins.claude_cache import PromptCache, blocks_of, tokens_of
from telnyx_actors.standins.claude_request import Refused, check, thinks
from telnyx_actors.standins.claude_script import RECEPTIONIST, Reply, Rule, reply_to, rules_of, text_of
from telnyx_actors.standins.claude_stream import answer
from telnyx_actors.standins.claude_stream import tokens_of as split

HAIKU = "claude-haiku-4-5"


def ask(*said: str) -> list[dict[str, Any]]:
    turns: list[dict[str, Any]] = []
    for text in said:
        turns += [{"role": "user", "content": text}, {"role": "assistant", "content": "Claro."}]
    return turns[:-1]


def answered(*said: str) -> str:
    return reply_to(ask(*said), ()).text


# --- the receptionist ---


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("Hola, soy Andrea.", "Mucho gusto, Andrea."),
        ("Buenas, habla con don Carlos", "Hola"),
        ("soy la dueña de Macarena", "Entiendo|Claro|Con gusto|Muy bien"),
        ("Quiero una cita para mi perro.", "mañana a las diez"),
        ("¿Cuánto cuesta la consulta?", "sesenta mil"),
        ("¿A qué hora abren?", "ocho a seis"),
        ("Es una emergencia, mi gato se envenenó.", "urgencias al"),
        ("Muchas gracias, hasta luego.", "feliz día"),
        ("Gracias", "algo más"),
        ("Sí, claro.", "Queda anotado"),
        ("No.", "otro día"),
        ("Quiero cancelar la cita", "qué día"),
        ("[ininteligible]", "."),
        ("", "."),
    ],
)
def test_the_receptionist_answers_what_was_asked(said: str, expected: str) -> None:
    assert re.search(expected, answered(said))


def test_every_answer_is_short_spoken_spanish_that_begins_with_a_short_clause() -> None:
    for rule in RECEPTIONIST:
        text = rule.reply.text
        sentences = re.findall(r"[^.?!]+[.?!]", text)
        assert 1 <= len(sentences) <= 3, text
        assert len(re.split(r"[,.?!]", text)[0]) <= 30, text
        assert len(text) <= 110, text
        assert not re.search(r"[\d*#$_]", text), text


def test_sentences_that_fit_no_rule_get_different_answers() -> None:
    assert len({answered(*["¿Usted cree en los extraterrestres?"] * n) for n in range(1, 5)}) == 4


# --- the script ---


def test_script_lines_come_before_the_receptionist_and_the_first_wins() -> None:
    rules = rules_of([("cita", "Uno."), ("cita", "Dos.")])
    assert reply_to(ask("Una cita"), rules).text == "Uno."
    assert reply_to(ask("Hola"), rules).text.startswith("Hola")


def test_a_rule_may_be_for_one_turn_only() -> None:
    rules = rules_of([Rule("", Reply("Segunda."), turn=2)])
    assert reply_to(ask("a", "b"), rules).text == "Segunda."
    assert reply_to(ask("a"), rules).text != "Segunda."


def test_a_reply_may_repeat_what_was_said() -> None:
    rules = rules_of([(r"con (?P<quien>\w+)", r"Le paso a \g<quien>.")])
    assert reply_to(ask("Páseme con Lucía"), rules).text == "Le paso a Lucía."


def test_text_is_found_in_blocks_and_tool_results() -> None:
    result = {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "dos"}]}
    assert text_of([{"type": "text", "text": "uno"}, result, {"type": "image"}]) == "uno dos"
    assert text_of(None) == ""


# --- tokens ---


def test_tokens_are_about_four_characters_and_cut_words() -> None:
    tokens = list(split("Con mucho gusto, ¿en qué le puedo ayudar?"))
    assert "".join(tokens) == "Con mucho gusto, ¿en qué le puedo ayudar?"
    assert all(1 <= len(token) <= 6 for token in tokens)
    assert any(token[-1].isalpha() and following[0].isalpha() for token, following in itertools.pairwise(tokens))


def test_an_answer_is_cut_at_its_limits() -> None:
    assert answer(Reply("Hola, ¿cómo está?"), 2, []).stop_reason == "max_tokens"
    stopped = answer(Reply("uno dos tres"), 100, ["dos"])
    assert ("".join(stopped.tokens), stopped.stop_reason, stopped.stop_sequence) == ("uno ", "stop_sequence", "dos")
    assert answer(Reply("No.", stop_reason="refusal"), 100, []).stop_reason == "refusal"


# --- the cache ---


def body(system: str, *said: str, **more: Any) -> dict[str, Any]:
    block = {"type": "text", "text": system, "cache_control": {"type": "ephemeral"}}
    return {"model": "claude-haiku-5-5", "max_tokens": 9, "system": [block], "messages": ask(*said), **more}


LONG = "Eres María, recepcionista. " * 100


def test_a_prefix_is_written_once_and_read_afterwards() -> None:
    cache = PromptCache()
    first, second = cache.use(body(LONG, "Hola"), 0), cache.use(body(LONG, "Buenas tardes"), 1)
    assert (first.read, second.written) == (0, 0)
    assert first.written == second.read == tokens_of(len(LONG))
    assert second.uncached > 0


def test_a_prefix_below_the_minimum_is_not_cached_and_nobody_says_so() -> None:
    cache = PromptCache()
    short = "Eres María."
    assert [cache.use(body(short, "Hola"), n).read for n in range(2)] == [0, 0]
    assert [cache.use(body(LONG, "Hola", model=HAIKU), n).written for n in range(2)] == [0, 0]


def test_another_prefix_or_model_is_another_entry() -> None:
    cache = PromptCache()
    cache.use(body(LONG, "Hola"), 0)
    assert cache.use(body(LONG + "!", "Hola"), 1).read == 0
    assert cache.use(body(LONG, "Hola", model="claude-opus-5"), 1).read == 0
    assert cache.use(body(LONG, "Hola", tools=[{"name": "colgar"}]), 1).read == 0


def test_an_entry_lives_five_minutes_from_its_last_use() -> None:
    cache = PromptCache()
    cache.use(body(LONG, "Hola"), 0)
    assert cache.use(body(LONG, "Hola"), 299).read > 0
    assert cache.use(body(LONG, "Hola"), 598).read > 0
    assert cache.use(body(LONG, "Hola"), 899).read == 0


def test_automatic_caching_reads_the_conversation_so_far() -> None:
    cache, control = PromptCache(), {"type": "ephemeral"}
    said = ["Una frase bastante larga para que el historial crezca. " * 20] * 3
    first = cache.use({**body(LONG, *said[:1]), "cache_control": control}, 0)
    second = cache.use({**body(LONG, *said[:2]), "cache_control": control}, 1)
    assert second.read == first.written + first.read
    assert second.written > 0
    assert second.uncached == 0


def test_blocks_are_hashed_tools_first_then_system_then_messages() -> None:
    found = [block.content for block in blocks_of(body("sistema", "hola", tools=[{"name": "colgar"}]))]
    assert found == ['{"name": "colgar"}', "sistema", "user:hola"]


# --- what is refused ---

GOOD: dict[str, Any] = {
    "model": "claude-haiku-5-5",
    "max_tokens": 10,
    "messages": [{"role": "user", "content": "Hola"}],
}


@pytest.mark.parametrize(
    ("change", "status", "message"),
    [
        ({"temperature": 1.0}, 400, "temperature"),
        ({"top_p": 1.0}, 400, "top_p"),
        ({"top_k": 1}, 400, "top_k"),
        ({"model": "claude-3-haiku-20240307"}, 404, "claude-3-haiku"),
        ({"max_tokens": "muchos"}, 400, "max_tokens"),
        ({"messages": []}, 400, "at least one message"),
        ({"messages": ["hola"]}, 400, "role"),
        ({"messages": [{"role": "user", "content": " "}]}, 400, "non-empty"),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": ""}]}]}, 400, "non-empty"),
        ({"messages": [*GOOD["messages"], {"role": "assistant", "content": "Claro"}]}, 400, "prefill"),
        ({"thinking": {"type": "enabled", "budget_tokens": 1024}}, 400, "budget_tokens"),
        ({"system": [{"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}] * 5}, 400, "maximum of 4"),
    ],
)
def test_what_the_api_refuses_is_refused(change: dict[str, Any], status: int, message: str) -> None:
    with pytest.raises(Refused, match=message) as refused:
        check({**GOOD, **change}, "2026-10-21")
    assert refused.value.status == status


@pytest.mark.parametrize("name", ["model", "max_tokens", "messages"])
def test_what_is_required_is_missed(name: str) -> None:
    with pytest.raises(Refused, match=f"{name}: Field required"):
        check({key: value for key, value in GOOD.items() if key != name}, "2026-10-21")


@pytest.mark.parametrize("garbage", [None, [], "hola", 1, {"messages": None}])
def test_garbage_is_refused_not_raised(garbage: object) -> None:
    with pytest.raises(Refused):
        check(garbage, "2026-10-21")


def test_older_versions_and_models_take_what_they_took() -> None:
    check({**GOOD, "temperature": 1.0}, "2023-06-01")
    check(
        {**GOOD, "model": HAIKU, "messages": [*GOOD["messages"], {"role": "assistant", "content": "C"}]}, "2026-10-21"
    )


def test_new_models_think_unless_told_not_to() -> None:
    assert thinks(GOOD)
    assert not thinks({**GOOD, "thinking": {"type": "disabled"}})
    assert not thinks({**GOOD, "model": HAIKU})
