"""Log lines: what they say, what they hide, and that nobody waits for them."""

from __future__ import annotations

import io
import json
import logging
import os
import stat
import sys
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from loguru import logger

from telnyx_actors import log_output, logs
from telnyx_actors.config import Log
from telnyx_actors.logs import CallLog, LogOutput, mask_phone, setup_logs

SECRET = 'sk-ant-"0123"'


class Lines:
    """A log whose lines can be read."""

    def __init__(self) -> None:
        self.stream = io.StringIO()
        self.output: LogOutput | None = None

    def start(self, log: Log | None = None, secrets: frozenset[str] = frozenset()) -> None:
        self.output = setup_logs(log or Log(), secrets, self.stream)

    def read(self) -> str:
        """Close the log, and return all that was written."""
        assert self.output is not None
        assert self.output.close()
        return self.stream.getvalue()


@pytest.fixture
def lines() -> Iterator[Lines]:
    root, hook = logging.getLogger(), threading.excepthook
    handlers, level = root.handlers[:], root.level
    opened = Lines()
    yield opened
    if opened.output is not None:
        opened.output.close()
    root.handlers[:], threading.excepthook = handlers, hook
    root.setLevel(level)
    logging.captureWarnings(False)
    logger.remove()
    logger.configure(patcher=lambda record: None)
    logger.add(sys.stderr)


def test_a_line_of_a_call_is_sign_tag_and_text(lines: Lines) -> None:
    lines.start()
    CallLog("v3:abc").info("🔌", "Conectando a Deepgram WebSocket")
    assert lines.read().endswith(" INFO     🔌 [CALL:v3:abc] Conectando a Deepgram WebSocket\n")


def test_a_text_is_not_a_format_string(lines: Lines) -> None:
    lines.start()
    CallLog("x").warning("💬", "Claude respuesta generada: '{nombre} <red>{0}</red> {'")
    assert "'{nombre} <red>{0}</red> {'\n" in lines.read()


@pytest.mark.parametrize("format_", ["text", "json"])
def test_the_level_can_be_set_while_lines_are_written(lines: Lines, tmp_path: Path, format_: str) -> None:
    file = tmp_path / "motor.log"
    lines.start(Log(level="INFO", format=format_, file=file))
    assert lines.output is not None
    log = CallLog("x")
    log.debug("🔍", "uno")
    lines.output.set_level("DEBUG")
    log.debug("🔍", "dos")
    lines.output.set_level("ERROR")
    log.warning("🔍", "tres")
    log.error("🔍", "cuatro")
    for text in (lines.read(), file.read_text(encoding="utf-8")):
        assert [word for word in ("uno", "dos", "tres", "cuatro") if word in text] == ["dos", "cuatro"]
        assert text.count("\n") == 2, "each once"


def test_levels_below_the_one_set_are_not_logged(lines: Lines) -> None:
    lines.start(Log(level="WARNING"))
    log = CallLog("x")
    log.debug("🔍", "uno")
    log.info("🔍", "dos")
    log.warning("🔍", "tres")
    text = lines.read()
    assert "tres" in text
    assert "uno" not in text
    assert "dos" not in text


def test_an_error_brings_its_traceback_without_the_values_of_variables(lines: Lines) -> None:
    lines.start()
    caller_said = "me llamo Ana"
    try:
        len(caller_said) / 0
    except ZeroDivisionError as error:
        CallLog("x").error("💥", "Falló", error)
    text = lines.read()
    assert "ZeroDivisionError: division by zero" in text
    assert "me llamo Ana" not in text


def test_json_is_one_object_a_line(lines: Lines) -> None:
    lines.start(Log(format="json"))
    try:
        raise OSError("sin red")
    except OSError as error:
        CallLog("x").error("💥", "Falló\n2026 falsa", error)
    first, *rest = lines.read().splitlines()
    entry = json.loads(first)
    assert rest == []
    assert entry["call"] == "x"
    assert entry["level"] == "ERROR"
    assert entry["message"].startswith("💥 [CALL:x] Falló")
    assert entry["exception"].endswith("OSError: sin red\n")
    assert entry["logger"].endswith("test_logs")


# --- what must not be read ----------------------------------------------------


@pytest.mark.parametrize("form", ["text", "json"])
def test_known_secrets_never_reach_a_line_not_even_in_a_traceback(lines: Lines, form: str) -> None:
    lines.start(Log(format=form), frozenset({SECRET, "corta", "q"}))
    try:
        raise OSError(f"401 for Bearer {SECRET}")
    except OSError as error:
        CallLog("x").error("🔒", f"clave {SECRET} corta, recortada: q", error)
    text = lines.read()
    assert "0123" not in text
    assert "clave •••" in text
    assert "Bearer •••" in text
    assert "••• •••, recortada: •••" in text  # a short one only where it stands alone


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("+573001234567", "+57300•••4567"),
        ("+576012345678", "+57601•••5678"),
        ("+3461234567", "+346•••4567"),
        ("+3461234", "+34•••34"),
        ("+57123", "•••"),
        ("", "•••"),
        ("+123456789012345", "+12345•••2345"),
    ],
)
def test_a_masked_number_keeps_its_ends(number: str, shown: str) -> None:
    assert mask_phone(number) == shown


def test_whole_numbers_are_masked_above_debug_only(lines: Lines) -> None:
    lines.start(Log(level="DEBUG"))
    log = CallLog("v3:a+573001234567")
    log.info("📞", "marcando a +573001234567.")
    log.debug("📞", "marcando a +573001234567.")
    info, debug = lines.read().splitlines()
    assert info.endswith("[CALL:v3:a+573001234567] marcando a +57300•••4567.")
    assert debug.endswith("marcando a +573001234567.")


def test_a_text_from_outside_cannot_pass_for_another_line_nor_steer_the_terminal(lines: Lines) -> None:
    lines.start()
    CallLog("x").info("📝", "hola\n2026-01-01 INFO falsa\r\x1b[2J\u202e")
    first, second = lines.read().splitlines()
    assert first.endswith("hola")
    assert second == "    2026-01-01 INFO falsa\\u000d\\u001b[2J\\u202e"


def test_a_traceback_cannot_either(lines: Lines) -> None:
    lines.start()
    CallLog("x").error("💥", "Falló", OSError("motivo\n2026-01-01 INFO falsa\x1b[2J"))
    first, *rest = lines.read().splitlines()
    assert first.endswith("Falló")
    assert rest == ["    OSError: motivo", "    2026-01-01 INFO falsa\\u001b[2J"]


def test_a_line_has_an_end(lines: Lines) -> None:
    lines.start()
    CallLog("x").info("📝", "a" * 1_000_000)
    text = lines.read()
    assert len(text) < logs.MESSAGE_MAX_CHARS + 200
    assert "caracteres)" in text


# --- what others log ------------------------------------------------------------


def test_the_standard_library_s_loggers_are_routed_here(lines: Lines) -> None:
    lines.start(Log(level="DEBUG"))
    logging.getLogger("pykka").info("Exception returned from %s", "CallActor", exc_info=KeyError("x"))
    logging.getLogger("urllib3.connectionpool").debug("Authorization: clave")
    logging.getLogger("anthropic").info("HTTP Request")
    logging.getLogger("botocore.auth").warning("lento")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("dentro de poco", DeprecationWarning, stacklevel=1)
    text = lines.read()
    assert "pykka: Exception returned from CallActor" in text
    assert "KeyError: 'x'" in text
    assert "botocore.auth: lento" in text
    assert "DeprecationWarning: dentro de poco" in text
    assert "Authorization" not in text
    assert "HTTP Request" not in text


def test_a_thread_that_dies_is_logged(lines: Lines) -> None:
    lines.start()
    thread = threading.Thread(target={"algo": 1}.pop, args=("nada",), name="bomba")
    thread.start()
    thread.join()
    text = lines.read()
    assert "El hilo bomba ha muerto" in text
    assert "KeyError: 'nada'" in text


# --- where it goes ----------------------------------------------------------------


def test_a_file_gets_the_same_lines_in_utf_8_and_is_renewed_when_full(
    lines: Lines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_output, "FILE_MAX_BYTES", 1_000)
    monkeypatch.setattr(log_output, "FILES_KEPT", 2)
    path = tmp_path / "registro" / "motor.log"
    lines.start(Log(file=path))
    log = CallLog("x")
    for turn in range(100):
        log.info("🔊", f"Audio reproducido {turn}")
    on_screen = lines.read()
    assert sorted(file.name for file in path.parent.iterdir()) == ["motor.log", "motor.log.1", "motor.log.2"]
    assert all(file.stat().st_size <= 1_000 for file in path.parent.iterdir())
    newest = path.read_text(encoding="utf-8")
    assert newest
    assert on_screen.endswith(newest)


def test_a_folder_that_cannot_be_is_an_error_at_start(lines: Lines, tmp_path: Path) -> None:
    (tmp_path / "archivo").write_text("", encoding="utf-8")
    with pytest.raises(OSError, match="archivo"):
        lines.start(Log(file=tmp_path / "archivo" / "motor.log"))


class Scripted:
    """An output that can be stuck, or fail."""

    def __init__(self) -> None:
        self.unstuck = threading.Event()
        self.unstuck.set()
        self.written: list[str] = []
        self.is_closed = False

    def write(self, line: str) -> None:
        self.unstuck.wait()
        if line == "mala\n":
            raise OSError(28, "No space left on device")
        self.written.append(line)

    def close(self) -> None:
        self.is_closed = True


def test_nobody_waits_for_an_output_that_is_stuck_and_losses_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_output, "QUEUED_LINES_MAX", 50)
    output = Scripted()
    output.unstuck.clear()
    writer = log_output.LineWriter("stuck", output, lambda line, level: line)
    for number in range(500):
        writer.put(f"{number}\n", 20)  # would hang here
    assert not writer.close(timeout_s=0.01)
    output.unstuck.set()
    assert writer.close(timeout_s=5)
    assert output.is_closed
    kept = [line for line in output.written if "perdidas" not in line]
    (told,) = [line for line in output.written if "perdidas" in line]
    assert kept[:50] == [f"{number}\n" for number in range(50)]
    assert told.startswith(f"⚠️ {500 - len(kept)} líneas")


def test_an_output_that_fails_is_tried_again_with_the_next_line() -> None:
    output = Scripted()
    writer = log_output.LineWriter("full", output, lambda line, level: line)
    writer.put("mala\n", 20)
    writer.put("buena\n", 20)
    assert writer.close(timeout_s=5)
    assert output.written == ["buena\n", "⚠️ 1 líneas de registro perdidas: la salida no daba abasto\n"]


@pytest.mark.parametrize("held", ["motor.log", "motor.log.1"])
def test_a_file_that_somebody_reads_on_windows_goes_on_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, held: str
) -> None:
    monkeypatch.setattr(log_output, "FILE_MAX_BYTES", 100)
    monkeypatch.setattr(log_output, "RENEW_AGAIN_BYTES", 50)
    line = "x" * 29 + "\n"
    path = tmp_path / "motor.log"
    file = log_output.RotatedFile(path)
    for _ in range(4):
        file.write(line)
    assert path.with_name("motor.log.1").read_text(encoding="utf-8") == line * 3

    def in_use(source: Path, target: Path) -> None:
        if source.name == held:
            raise PermissionError(13, "in use", str(source))
        source.rename(target)

    with monkeypatch.context() as windows:
        windows.setattr(Path, "replace", in_use)
        for _ in range(20):
            file.write(line)
    file.write(line * 2)
    file.close()
    kept = sorted(tmp_path.iterdir(), key=lambda kept: kept.name)
    assert [kept.read_text(encoding="utf-8") for kept in kept] == [line * 2, line * 21, line * 3]


@pytest.mark.skipif(sys.platform == "win32", reason="permissions are POSIX's")
def test_what_callers_say_is_for_nobody_else_to_read_after_a_renewal_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_output, "FILE_MAX_BYTES", 100)
    path = tmp_path / "registro" / "motor.log"
    mask = os.umask(0o022)
    try:
        file = log_output.RotatedFile(path)
        for _ in range(3):
            file.write("x" * 60)
        file.close()
    finally:
        os.umask(mask)
    assert {each.name: stat.S_IMODE(each.stat().st_mode) for each in (path.parent, *path.parent.iterdir())} == {
        "registro": 0o700,
        "motor.log": 0o600,
        "motor.log.1": 0o600,
        "motor.log.2": 0o600,
    }


def test_a_full_disk_is_an_error_of_the_file_and_not_a_print(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Full(io.BytesIO):
        def write(self, data: object) -> int:
            raise OSError(28, "No space left on device")

    file = log_output.RotatedFile(tmp_path / "motor.log")
    file.close()
    monkeypatch.setattr(file, "_file", Full())
    with pytest.raises(OSError, match="space"):
        file.write("una línea\n")
    assert capsys.readouterr().err == ""


def test_a_console_that_is_not_utf_8_gets_utf_8_anyway() -> None:
    raw = io.BytesIO()
    console = io.TextIOWrapper(raw, encoding="cp1252", newline="\n")
    log_output.Console(console).write("📞 [CALL:x] Llamada iniciada\udc80\n")
    assert raw.getvalue().decode() == "📞 [CALL:x] Llamada iniciada\\udc80\n"


def test_closing_twice_is_harmless(lines: Lines) -> None:
    lines.start()
    lines.read()
    assert lines.output is not None
    assert lines.output.close()


def test_what_an_actor_says_begins_with_who_it_is_and_of_which_call(lines: Lines) -> None:
    lines.start()
    logger.bind(actor="engine/journal").warning("buzón lleno: {} mensajes perdidos", 3)
    logger.bind(actor="engine/1f1d/speaker", call="v3:abc").error("SpeakerActor se cayó")
    logger.info("sin {nadie}")
    ends = [line.split(maxsplit=3)[3] for line in lines.read().splitlines()]
    assert ends == [
        "engine/journal: buzón lleno: 3 mensajes perdidos",
        "[CALL:v3:abc] engine/1f1d/speaker: SpeakerActor se cayó",
        "sin {nadie}",
    ]
