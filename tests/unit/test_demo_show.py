from __future__ import annotations

import io

import pytest

from support.demo_call import SCENARIO, DemoCall, seen_at
from telnyx_actors.demo import bar
from telnyx_actors.demo.show import Show
from telnyx_actors.demo.story import tell
from telnyx_actors.demo.terminal import Terminal, open_terminal, wrapped
from telnyx_actors.demo.turns import Turn
from telnyx_actors.demo.vendors import Share, serial_terms, share_of, tokens_before_speech

TURN = Turn(1, "reply", "Hola.", "Claro.", "Claro.", "completed", {}, dict(thinking=410, speaking=125, held=0))
SHARE = Share(hearing=100, thinking=400, speaking=120)


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(*, has_color: bool, is_live: bool = False, width: int = 90) -> str:
    """The whole call of the support module, as it comes onto a terminal."""
    stream = io.StringIO()
    show = Show(Terminal(stream, has_color=has_color, is_live=is_live, width=width), SCENARIO.name)
    whole = DemoCall().evidence().seen
    for tenths in range(0, round(whole.record.duration_s * 10), 5):
        show.update(tell(seen_at(whole, tenths / 10)))
    show.update(tell(whole))
    return stream.getvalue()


# --- the conversation ---


def test_every_line_is_shown_once_however_often_the_story_is_told() -> None:
    text = shown(has_color=False)
    for line in ("¿Cuánto cuesta?", "Claro que sí. A las nueve.", "Ajá.", "Con mucho gusto. Hasta luego."):
        assert text.count(line) == 1, line


def test_without_colour_what_was_not_heard_is_marked_in_words() -> None:
    text = shown(has_color=False)
    assert "\x1b" not in text
    assert "[no se oyó: " in text


def test_in_colour_what_was_not_heard_is_struck_out() -> None:
    text = shown(has_color=True)
    assert "\x1b[2;9m" in text
    assert "no se oyó" not in text


def test_no_line_is_wider_than_the_terminal() -> None:
    for width in (70, 80, 110):
        assert max(map(len, shown(has_color=False, width=width).splitlines())) <= width


def test_what_is_being_said_is_written_over_on_a_screen_and_nowhere_else() -> None:
    assert "\r\x1b[K" in shown(has_color=True, is_live=True)
    assert "\r" not in shown(has_color=True)


def test_every_answer_has_its_time_and_a_greeting_has_none() -> None:
    text = shown(has_color=False)
    assert text.count("pensar 410") == len(SCENARIO.exchanges)
    assert "pensar" not in text.splitlines()[1]


# --- the bar ---


def test_the_parts_of_a_bar_are_what_the_caller_waited_for() -> None:
    parts = bar.parts_of(TURN, SHARE, response_ms=760)
    assert [(part.vendor, part.engine) for part in parts] == [(100, 125), (400, 10), (120, 5)]
    assert [text for _, text in bar.figures(parts)] == ["  oír 225", "  pensar 410", "  hablar 125"]


def test_a_bar_shows_the_vendors_the_engine_what_was_saved_and_the_serial_sum() -> None:
    parts = bar.parts_of(TURN, SHARE, response_ms=760)
    strip = "".join(sign for _, sign in bar.draw(parts, SHARE, 760, cells=48))  # 25 ms a cell
    assert strip == "████░░░░░" + "████████████████" + "█████" + "·······" + "│" + " " * 10
    assert SHARE.serial == 920


def test_an_answer_slower_than_the_vendors_in_a_row_still_fits_the_bar() -> None:
    turn = Turn(1, "reply", "Hola.", "Claro.", "Claro.", "completed", {}, dict(thinking=1900, speaking=125, held=40))
    strip = bar.draw(bar.parts_of(turn, SHARE, 2300), SHARE, 2300, cells=24)
    assert len(strip) == 24
    assert [sign for _, sign in strip].count("│") == 1


def test_an_answer_that_was_held_back_shows_that_too() -> None:
    turn = Turn(1, "reply", "Hola.", "Claro.", "Claro.", "completed", {}, dict(thinking=410, speaking=125, held=200))
    parts = bar.parts_of(turn, SHARE, 960)
    assert sum(part.vendor + part.engine for part in parts) == 760
    assert ("dim", "░") in bar.draw(parts, SHARE, 960, cells=48)


# --- the vendors' own time ---


def test_the_serial_sum_is_what_the_stand_ins_take_by_default() -> None:
    share = share_of("Claro que sí. Tengo espacio a las nueve.")
    assert tokens_before_speech("Claro que sí. Tengo espacio a las nueve.") == 4
    assert (share.hearing, share.thinking, share.speaking) == (100, 350 + 3 * 20, 120)
    assert share.serial == 300 + 100 + 410 + 120
    assert all(figure in serial_terms() for figure in ("300", "100", "350", "20", "120"))


def test_a_reply_of_one_word_is_spoken_when_it_is_complete() -> None:
    assert tokens_before_speech("Sí.") == 1


# --- the terminal ---


def test_words_are_wrapped_and_keep_their_style() -> None:
    pieces = [("", "uno dos"), ("dim", "tres cuatro cinco")]
    assert list(wrapped(pieces, 12)) == [[("", "uno dos"), ("", " "), ("dim", "tres")], [("dim", "cuatro cinco")]]
    assert ["".join(text for _, text in row) for row in wrapped([("", "a" * 20 + " b")], 5)] == ["a" * 20, "b"]
    assert list(wrapped([("", "  ")], 10)) == []


@pytest.mark.parametrize(
    ("environment", "has_color", "is_live"),
    [
        ({"TERM": "xterm"}, True, True),
        ({"TERM": "xterm", "NO_COLOR": "1"}, False, True),
        ({"TERM": "xterm", "NO_COLOR": ""}, True, True),
        ({"TERM": "dumb"}, False, False),
        ({"TERM": "xterm", "FORCE_COLOR": "1", "NO_COLOR": "1"}, False, True),
    ],
)
def test_a_screen_has_colour_unless_told_otherwise(environment: dict[str, str], has_color: bool, is_live: bool) -> None:
    stream = Screen()
    terminal = open_terminal(stream, environment)
    assert terminal.has_color is has_color
    terminal.live([], "hola", 0)
    assert (stream.getvalue() != "") is is_live


def test_a_file_gets_neither_colour_nor_live_lines_but_may_be_given_colour() -> None:
    stream = io.StringIO()
    terminal = open_terminal(stream, {"TERM": "xterm"})
    terminal.live([], "hola", 0)
    terminal.row(("bold", "adiós"))
    assert stream.getvalue() == "adiós\n"
    assert open_terminal(io.StringIO(), {"FORCE_COLOR": "1"}).has_color


def test_a_console_of_another_encoding_does_not_end_the_demo() -> None:
    raw = io.BytesIO()
    terminal = open_terminal(io.TextIOWrapper(raw, encoding="cp1252"), {})
    terminal.row(("", "█ ✓ María"))
    assert raw.getvalue().decode("cp1252").rstrip() == "? ? María"


def test_a_long_live_text_shows_its_end() -> None:
    stream = io.StringIO()
    Terminal(stream, has_color=False, is_live=True, width=20).live([("", "> ")], "uno dos tres cuatro cinco", 2)
    assert stream.getvalue() == "> …res cuatro cinco"
