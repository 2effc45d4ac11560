"""The figures of the checklist's blanks: how they are counted, written and drawn."""

from __future__ import annotations

from math import isnan
from xml.etree import ElementTree as ET

import pytest

from measure.accuracy import word_error_rate, word_errors, words
from measure.calls import CallFigures, ModeFigures
from measure.memory import MemoryCurve, summary
from measure.plot import memory_svg
from measure.report import blanks
from measure.trend import slope


def test_words_are_compared_without_case_accents_and_punctuation() -> None:
    assert words("¿Cuánto CUESTA, señor?") == ["cuanto", "cuesta", "señor"]


@pytest.mark.parametrize(
    ("said", "heard", "errors"),
    [
        ("una cita mañana", "una cita mañana", 0),
        ("una cita mañana", "una cita", 1),
        ("una cita", "una cita por favor", 2),
        ("una cita mañana", "la cita mañana", 1),
        ("una cita mañana", "", 3),
        ("", "ruido", 1),
    ],
)
def test_words_put_in_left_out_and_changed_are_errors(said: str, heard: str, errors: int) -> None:
    assert word_errors(said, heard) == errors


def test_the_rate_is_over_all_words_together() -> None:
    assert word_error_rate([("uno dos tres", "uno dos tres"), ("cuatro", "cinco")]) == 0.25
    assert word_error_rate([]) == 0.0


def test_the_average_of_a_mode_is_that_of_its_calls() -> None:
    mode = ModeFigures("WebSocket", [CallFigures([1.0, 2.0]), CallFigures([0.5]), CallFigures([], problem="colgó")])
    assert mode.response_s == 1.0
    assert mode.success_rate == pytest.approx(2 / 3)


def test_the_report_says_whose_figures_they_are_and_what_went_wrong() -> None:
    mode = ModeFigures("WebSocket", [CallFigures([0.75], "una cita", "una cita"), CallFigures([], problem="colgó")])
    real, standins = blanks([mode], is_real=True), blanks([mode], is_real=False)
    assert real.startswith("CUENTA REAL") and standins.startswith("Proveedores simulados")
    assert "Test 1 WebSocket: 0.75 segundos\nTest 2 WebSocket: — segundos   (colgó)" in real
    assert "Success Rate (WebSocket): 50% de 2 llamadas" in real


def test_the_improvement_is_against_the_replaced_service_and_our_own_webhooks() -> None:
    modes = [ModeFigures("WebSocket", [CallFigures([1.1])]), ModeFigures("Webhook", [CallFigures([2.2])])]
    text = blanks(modes, is_real=False)
    assert "Mejora: 90% frente al modo webhook del servicio anterior" in text
    assert "Mejora: 50% frente al modo webhook de este motor" in text


def test_a_slope_is_that_of_the_straight_line_behind_the_warm_up() -> None:
    samples = [(float(second), 100.0 if second < 120 else 50.0 + second / 10) for second in range(0, 600, 15)]
    assert slope(samples, after=120.0) == pytest.approx(0.1)
    assert slope(samples) != pytest.approx(0.1)
    assert slope([*samples, (610.0, float("nan"))], after=120.0) == pytest.approx(0.1)
    assert isnan(slope([(1.0, 2.0)]))


def test_what_grows_at_the_end_is_seen_and_what_grew_at_the_beginning_is_not() -> None:
    warm_up = [(float(second), 70.0 + second) for second in range(0, 60, 5)]
    flat = MemoryCurve([*warm_up, *((float(second), 130.0) for second in range(60, 600, 5))])
    leak = MemoryCurve([*warm_up, *((float(second), 130.0 + second / 36) for second in range(60, 600, 5))])
    assert flat.slope_mb_per_h() == pytest.approx(0.0)
    assert leak.slope_mb_per_h() == pytest.approx(100.0)
    assert "máximo 130 MB" in summary(flat)


def test_the_curve_is_drawn_inside_its_frame_and_any_title_is_text() -> None:
    svg = memory_svg([(0.0, 70.0), (300.0, 150.0), (600.0, 260.0)], "más de <tres> & dos")
    root = ET.fromstring(svg)
    (line,) = root.findall("{*}polyline")
    points = [tuple(map(float, point.split(","))) for point in line.attrib["points"].split()]
    assert all(0 <= x <= 720 and 0 <= y <= 280 for x, y in points)
    assert "más de <tres> & dos" in "".join(root.itertext())
