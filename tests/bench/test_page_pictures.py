"""The pictures of the page in docs/images, taken anew: ``python -m pytest tests/bench/test_page_pictures.py``.

A clinic's ordinary minute against the stand-ins, at their own latencies: nothing in the pictures is made up but the callers.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import telnyx_actors.personas
from bench.page.phrases import phrases
from support.browser import Browser, browsing
from support.engine import House
from support.waiting import until
from telnyx_actors.standins import voices
from telnyx_actors.standins.caller import CallerScript, InterruptAfter, Say, Stay, WaitForAgent
from telnyx_actors.standins.world import WorldSettings

IMAGES = Path(__file__).parents[2] / "docs" / "images"
PICTURE_BYTES_MAX = 300_000
SCENE_S = 45.0
LISTEN = WaitForAgent(silent_ms=900, timeout_s=30.0)

PEOPLE = (
    "Ana Gómez", "Luis Herrera", "Marta Ríos", "Jorge Peña", "Sofía Cano", "Diego Mora",
    "Paula Vélez", "Andrés Gil", "Camila Duarte", "Óscar Nieto", "Laura Pardo", "Iván Rojas",
)  # fmt: skip
QUESTIONS = (
    "Buenas tardes, quisiera pedir una cita para mi perro.",
    "¿A qué hora abren los sábados?",
    "Mi gata no quiere comer desde ayer.",
    "Necesito cambiar la cita del martes.",
)
ANSWERS = (
    ("cita para mi perro", "Con mucho gusto. ¿Cómo se llama su perro y qué le pasa?"),
    ("Toby", "Claro que sí, Ana. ¿Le sirve mañana a las diez, o prefiere por la tarde?"),
    ("mejor por la tarde", "Listo, mañana a las cuatro y media. ¿Le confirmo la cita para Toby?"),
    ("sábados", "Claro. Los sábados atendemos de nueve de la mañana a seis de la tarde."),
    ("gata", "Qué pesar. Es mejor que la vea un veterinario hoy mismo. ¿Puede traerla ya?"),
    ("martes", "Con gusto. ¿Para qué día le queda mejor la cita?"),
)
SPEAKING = "return parseInt(document.querySelector('.meter.agent b').style.width) > 40"
LOOKED_AT = CallerScript(
    (
        LISTEN,
        Say(QUESTIONS[0]),
        LISTEN,
        Say("Se llama Toby y no quiere comer."),
        InterruptAfter(1.6, "Perdón, mejor por la tarde."),
        LISTEN,
        Stay(),
    )
)


@pytest.mark.timeout(240)
def test_the_pictures_are_taken(tmp_path: Path) -> None:
    with clinic(tmp_path) as house, browsing(tmp_path / "profile") as browser:
        call = dial(house, PEOPLE[0], LOOKED_AT)
        for index, name in enumerate(PEOPLE[1:], 1):
            question, more = QUESTIONS[index % 4], QUESTIONS[(index + 1) % 4]
            dial(house, name, CallerScript((LISTEN, Say(question), LISTEN, Say(more), LISTEN, Stay())))
        until(lambda: len(house.view(call).trail.turns) >= 4, SCENE_S)
        looked_at = f"{house.url}/console#calls/{house.view(call).plan.ref}"

        for name, scheme, size in (("console-desktop", "light", (1440, 960)), ("console-dark", "dark", (1440, 960))):
            browser.resize(*size)
            browser.prefer(scheme)
            browser.open(looked_at)
            browser.find(".turn:nth-child(4) .fall")
            browser.run("document.querySelector('.turn:nth-child(3) .fall').open = true")
            take(browser, name)
        browser.resize(390, 844, scale=2, is_phone=True)
        browser.prefer("light")
        browser.open(looked_at)
        browser.find(".turn:nth-child(2) .fall")
        take(browser, "console-phone")
        browser.resize(1440, 900)
        browser.open(f"{house.url}/console#actors")
        browser.find(".open[aria-expanded]").click()
        browser.find(".actors .open[aria-expanded=true]")
        take(browser, "console-actors")
        browser.open(f"{house.url}/console#phone")
        browser.find("#call-script").click()
        browser.find(".turn.greeting.completed .heard:not(:empty)", 15)
        browser.driver.find_elements("css selector", ".phrase")[1].click()
        browser.wait(lambda: browser.run(SPEAKING), "the agent's answer", 20)
        take(browser, "softphone", settle_ms=300)
        browser.find("#phone-hangup").click()


@contextmanager
def clinic(folder: Path) -> Iterator[House]:
    """An engine with the persona that it comes with, and callers with whom one can keep up."""
    (folder / "data").mkdir()
    persona = Path(telnyx_actors.personas.__file__).parent / "maria.toml"
    with House(folder / "data", WorldSettings(s3=False), {"PERSONA_FILE": str(persona)}) as house, house.scene():
        house.world.script_model(ANSWERS)
        for path, text in phrases():
            house.world.phrasebook.add(text, voices.spread(text, path.read_bytes()))
        yield house


def dial(house: House, name: str, script: CallerScript) -> str:
    number = house.new_number()
    house.world.expect(script, number)
    call: str = house.place(telefono=number, nombre=name).json()["call_control_id"]
    return call


def take(browser: Browser, name: str, settle_ms: int = 900) -> None:
    browser.run("document.fonts.ready")
    browser.wait(lambda: browser.run("return document.querySelector('.figures b') !== null"), "the figures")
    browser.driver.execute_async_script(f"setTimeout(arguments[0], {settle_ms})")  # a look or two of the engine's
    path = IMAGES / f"{name}.png"
    browser.driver.save_screenshot(str(path))
    assert path.stat().st_size < PICTURE_BYTES_MAX, name
    assert browser.complaints() == []
