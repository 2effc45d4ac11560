"""What each answer means: the part of a preflight that needs no network."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path

import pytest

from telnyx_actors.clock import SystemClock
from telnyx_actors.config import Settings, load_settings
from telnyx_actors.errors import Failure, ProviderError
from telnyx_actors.preflight.address import Who, is_public, who_wrote
from telnyx_actors.preflight.check import Check, run_checks
from telnyx_actors.preflight.machine import judge_free, judge_skew, look_at_disk, look_at_key, look_at_persona
from telnyx_actors.preflight.report import Finding, Outcome, Status, ok
from telnyx_actors.preflight.vendors import judge_application, judge_number, judge_voice
from telnyx_actors.providers.ports import SpeechStream
from telnyx_actors.providers.reach import Page
from telnyx_actors.wire.telnyx_rest import ApplicationFields, NumberFields, OutboundFields

WEBHOOK = "https://tu-dominio.com/webhook/telnyx"
NUMBER = "+576012345678"
APPLICATION = ApplicationFields("Clínica", True, "2", WEBHOOK, OutboundFields(10, "77"))
GIB = 1024**3


@pytest.fixture(scope="module")
def settings() -> Settings:
    return load_settings(
        {
            "TELNYX_API_KEY": "k",
            "TELNYX_CONNECTION_ID": "1234",
            "TELNYX_PHONE_NUMBER": NUMBER,
            "DEEPGRAM_API_KEY": "k",
            "ANTHROPIC_API_KEY": "k",
            "ELEVENLABS_API_KEY": "k",
            "WEBHOOK_BASE_URL": "https://tu-dominio.com",
        }
    )


# --- Telnyx ---


def test_an_application_with_everything_is_fine() -> None:
    outcome = judge_application(APPLICATION, WEBHOOK)
    assert outcome == ok("«Clínica», con perfil de salida, 10 salientes a la vez")


def test_calls_come_in_at_the_address_that_all_workers_share() -> None:
    of_worker = "https://tu-dominio.com/w/2/webhook/telnyx"
    elsewhere = judge_application(ApplicationFields("x", True, "2", "https://otra.com", None), of_worker)

    assert judge_application(APPLICATION, of_worker).status is Status.OK
    assert f"ponga en el portal {WEBHOOK} " in elsewhere.action


def test_an_inactive_application_is_a_failure() -> None:
    assert judge_application(ApplicationFields(active=False), WEBHOOK).status is Status.FAILED


@pytest.mark.parametrize(
    ("application", "doubt"),
    [
        (ApplicationFields("x", True, "2", WEBHOOK, None), "perfil de salida"),
        (ApplicationFields("x", True, "2", WEBHOOK, OutboundFields()), "perfil de salida"),
        (ApplicationFields("x", True, "2", "https://otra.com", OutboundFields(1, "7")), "https://otra.com"),
        (ApplicationFields("x", True, "2", None, OutboundFields(1, "7")), "ninguna parte"),
        (ApplicationFields("x", True, "1", WEBHOOK, OutboundFields(1, "7")), "versión 2"),
    ],
)
def test_what_costs_only_some_calls_is_a_warning(application: ApplicationFields, doubt: str) -> None:
    outcome = judge_application(application, WEBHOOK)
    assert outcome.status is Status.WARNING
    assert doubt in outcome.detail


def test_all_doubts_about_an_application_come_together() -> None:
    outcome = judge_application(ApplicationFields(), WEBHOOK)
    assert all(doubt in outcome.detail for doubt in ("perfil de salida", "ninguna parte", "versión 2"))


@pytest.mark.parametrize(
    ("number", "is_verified", "status"),
    [
        (NumberFields(NUMBER, "active", "1234"), False, Status.OK),
        (NumberFields(NUMBER, "active", "999"), False, Status.WARNING),
        (NumberFields(NUMBER, "active", None), False, Status.WARNING),
        (NumberFields(NUMBER, "port-pending", "1234"), False, Status.FAILED),
        (None, True, Status.WARNING),
        (None, False, Status.FAILED),
    ],
)
def test_a_number_is_ours_or_lent_or_of_no_use(
    number: NumberFields | None, is_verified: bool, status: Status, settings: Settings
) -> None:
    assert judge_number(number, lambda: is_verified, settings).status is status


# --- ElevenLabs ---


class Speaker:
    """A voice whose look-up answers as told."""

    identity = "x"

    def __init__(self, error: ProviderError | None) -> None:
        self._error = error
        self.said: list[str] = []

    def check(self) -> None:
        if self._error is not None:
            raise self._error

    def synthesize(self, text: str, *, previous_text: str = "") -> SpeechStream:
        self.said.append(text)
        return Speech()

    def warm(self) -> None: ...


class Speech:
    def __iter__(self) -> Iterator[bytes]:
        yield bytes(4000)

    def cancel(self) -> None: ...


def refused(code: str) -> ProviderError:
    return ProviderError("elevenlabs", Failure.AUTH, "no", status=401, code=code)


def test_a_voice_is_believed_when_it_has_spoken() -> None:
    assert judge_voice(Speaker(None), "v, m").detail == "v, m: dijo «Sí.» en 500 ms de audio"


def test_a_key_that_may_only_speak_is_a_good_key() -> None:
    assert judge_voice(Speaker(refused("missing_permissions")), "v, m").status is Status.OK


def test_a_wrong_key_costs_not_a_character() -> None:
    speaker = Speaker(refused("invalid_api_key"))
    with pytest.raises(ProviderError):
        judge_voice(speaker, "v, m")
    assert speaker.said == []


# --- the address ---


@pytest.mark.parametrize(
    ("status", "body", "nonce", "who"),
    [
        (200, '{"preflight":"abc"}', "abc", Who.LISTENER),
        (200, '{"preflight":"otra"}', "abc", None),
        (200, '{"preflight":""}', "", None),
        (405, '{"error":"method_not_allowed","message":"…"}', "", Who.ENGINE),
        (405, '{"error":"method_not_allowed"}', "abc", Who.ENGINE),
        (404, '{"error":"not_found"}', "", None),
        (200, "<html>nginx</html>", "abc", None),
        (200, "[]", "abc", None),
        (200, "", "abc", None),
    ],
)
def test_who_answers_is_told_by_what_it_says(status: int, body: str, nonce: str, who: Who | None) -> None:
    assert who_wrote(Page(status, body.encode(), None), nonce) is who


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://tu-dominio.com", True),
        ("https://8.8.8.8/x", True),
        ("http://127.0.0.1:3000", False),
        ("http://localhost:3000", False),
        ("http://[::1]:3000", False),
        ("https://192.168.1.10", False),
        ("https://10.0.0.1", False),
        ("https://servidor.local", False),
    ],
)
def test_an_address_is_public_or_only_ours(url: str, expected: bool) -> None:
    assert is_public(url) is expected


# --- the machine ---


@pytest.mark.parametrize(
    ("skew_s", "status"),
    [(0, Status.OK), (-29, Status.OK), (31, Status.WARNING), (-300, Status.WARNING), (301, Status.FAILED)],
)
def test_a_clock_may_be_as_wrong_as_signatures_tolerate(skew_s: float, status: Status) -> None:
    assert judge_skew(skew_s).status is status


def test_a_wrong_clock_is_told_in_which_direction() -> None:
    assert "adelantado 400 s" in judge_skew(400).detail
    assert "atrasado 400 s" in judge_skew(-400).detail


@pytest.mark.parametrize(
    ("free", "status"), [(100 * GIB, Status.OK), (GIB, Status.WARNING), (GIB // 10, Status.FAILED)]
)
def test_a_disk_needs_room_for_recordings(free: int, status: Status) -> None:
    assert judge_free(free).status is status


def test_a_folder_is_made_and_written_and_left_empty(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    assert look_at_disk(folder).status is not Status.FAILED
    assert [*folder.iterdir()] == []


def test_a_folder_that_is_a_file_is_a_failure_that_names_it(tmp_path: Path) -> None:
    file = tmp_path / "var"
    file.write_text("", encoding="utf-8")
    outcome = look_at_disk(file / "x")
    assert outcome.status is Status.FAILED
    assert str(file) in outcome.detail


def test_the_persona_is_read_and_what_is_wrong_in_it_is_told(tmp_path: Path) -> None:
    assert look_at_persona(None).detail.startswith("María")
    path = tmp_path / "otra.toml"
    path.write_text('name = "Lía"', encoding="utf-8")
    outcome = look_at_persona(path)
    assert outcome.status is Status.FAILED
    assert "system_prompt: falta" in outcome.detail


def test_a_persona_of_before_is_warned_of_by_its_keys(tmp_path: Path) -> None:
    shipped = resources.files("telnyx_actors.personas").joinpath("maria.toml").read_text(encoding="utf-8")
    path = tmp_path / "otra.toml"
    path.write_text('language = "es"\n' + shipped.replace("[lines]", '[lines]\ndtmf = "[{teclas}]"'), encoding="utf-8")
    outcome = look_at_persona(path)
    assert outcome.status is Status.WARNING
    assert "ya no se usa: language, lines.dtmf" in outcome.detail


def test_no_public_key_is_no_incoming_calls() -> None:
    assert look_at_key("clave").status is Status.OK
    assert "llamadas entrantes" in look_at_key(None).detail


# --- many at once ---


def finding(look: Callable[[], Outcome], vendor_url: str = "", limit_s: float = 5.0) -> Finding:
    check = Check("x", "X", look, "Revise la clave.", vendor_url)
    (found,) = run_checks([check], SystemClock(), limit_s).findings
    return found


def raising(error: Exception) -> Callable[[], Outcome]:
    def look() -> Outcome:
        raise error

    return look


@pytest.mark.parametrize(
    ("kind", "status", "advice"),
    [
        (Failure.AUTH, 401, "Revise la clave."),
        (Failure.REFUSED, 404, "Revise la clave."),
        (Failure.PAYMENT, 402, "Recargue"),
        (Failure.RATE_LIMIT, 429, "límite"),
        (Failure.UNAVAILABLE, 503, "pruebe más tarde"),
        (Failure.UNAVAILABLE, None, "No se llega a https://api.vendor"),
        (Failure.TIMEOUT, None, "No se llega a https://api.vendor"),
    ],
)
def test_the_advice_depends_on_how_a_vendor_failed(kind: Failure, status: int | None, advice: str) -> None:
    error = ProviderError("vendor", kind, "reason", status=status)
    found = finding(raising(error), "https://api.vendor")
    assert found.outcome.status is Status.FAILED
    assert "reason" in found.outcome.detail
    assert advice in found.outcome.action


def test_where_no_vendor_is_concerned_the_advice_is_the_checks_own() -> None:
    error = ProviderError("tu-dominio.com", Failure.UNAVAILABLE, "connection refused")
    assert finding(raising(error)).outcome.action == "Revise la clave."


def test_a_check_that_breaks_is_a_failure_and_no_more() -> None:
    found = finding(raising(ValueError("Invalid bucket name")))
    assert found.outcome.status is Status.FAILED
    assert "Invalid bucket name" in found.outcome.detail


def test_checks_run_side_by_side() -> None:
    both = threading.Barrier(2, timeout=5)

    def meet() -> Outcome:
        both.wait()
        return ok("")

    report = run_checks([Check(name, name, meet, "") for name in "ab"], SystemClock(), 10)
    assert [found.name for found in report.findings] == ["a", "b"]
    assert report.is_passed


def test_one_that_never_ends_has_failed_and_the_others_have_not() -> None:
    release = threading.Event()

    def hang() -> Outcome:
        release.wait()
        return ok("")

    checks = [Check("slow", "Lento", hang, "Espere."), Check("quick", "Rápido", lambda: ok("bien"), "")]
    slow, quick = run_checks(checks, SystemClock(), 0.05).findings
    release.set()
    assert (slow.outcome.status, slow.outcome.action) == (Status.FAILED, "Espere.")
    assert quick.outcome == ok("bien")
    for thread in threading.enumerate():
        if thread.name.startswith("preflight-"):
            thread.join(5)


def test_a_report_is_in_the_order_of_the_checks() -> None:
    names = [str(number) for number in range(20)]
    report = run_checks([Check(name, name, lambda: ok(""), "") for name in names], SystemClock(), 5)
    assert [found.name for found in report.findings] == names
