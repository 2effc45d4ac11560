"""The log: loguru, set up once, with everything else in the process routed into it.

    output = setup_logs(settings.log, settings.secrets())
    log = CallLog(call_control_id)
    log.info("🔌", "Conectando a Deepgram WebSocket")  # 🔌 [CALL:<id>] Conectando a Deepgram WebSocket
    output.close(timeout_s=2)

Logging never blocks (see ``log_output``). Callers give texts without secrets and mask
phone numbers themselves; what slips through is taken out of the finished line.
"""

from __future__ import annotations

import atexit
import json
import logging
import re
import sys
import threading
import traceback
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final, TextIO

from loguru import logger

from telnyx_actors.config import Log
from telnyx_actors.log_output import Clean, Console, LineWriter, Output, RotatedFile

if TYPE_CHECKING:
    from loguru import Message, Record

MESSAGE_MAX_CHARS: Final = 8_192
DEBUG: Final = 10

LIBRARY_LEVELS: Final[Mapping[str, int]] = {
    "": logging.WARNING,  # below it, HTTP clients write headers (keys) and bodies (what callers said)
    "pykka": logging.INFO,  # a crash is an ERROR; an exception that went to an asker is an INFO
}
"""What of the standard library's loggers comes through, whatever our own level is."""

_TEXT_HEAD: Final = "{time:YYYY-MM-DD HH:mm:ss.SSS} {level: <8} "
_TEXT_BODY: Final = "{message}\n{exception}"
_CONTROL: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_PHONE: Final = re.compile(r"(?<![\w+/])\+[1-9]\d{6,14}(?!\w)")
_SECRET_PART_MIN_CHARS: Final = 8
"""A shorter secret is taken out where it stands alone: inside other words it would blot out half the log."""


# --- what must not be read ----------------------------------------------------


def mask_phone(number: str) -> str:
    """Make a number recognizable to who knows it and useless to others: ``+57300•••4567``."""
    if len(number) < 8:
        return "•••"
    kept = 4 if len(number) > 10 else 2
    return f"{number[: len(number) - kept - 3][:6]}•••{number[-kept:]}"


def cleaner(secrets: frozenset[str]) -> Clean:
    """Make a finished line safe: no secrets, no control characters and, above DEBUG, no whole phone numbers."""
    known = sorted(secrets, key=len, reverse=True)
    as_json = [json.dumps(secret)[1:-1] for secret in known]
    pattern = re.compile("|".join(map(_secret_pattern, dict.fromkeys(known + as_json)))) if known else None

    def clean(line: str, level: int) -> str:
        if pattern is not None:
            line = pattern.sub("•••", line)
        if level > DEBUG:
            line = _PHONE.sub(lambda match: mask_phone(match[0]), line)
        return _CONTROL.sub(lambda match: f"\\u{ord(match[0]):04x}", line)

    return clean


def _secret_pattern(secret: str) -> str:
    exactly = re.escape(secret)
    return exactly if len(secret) >= _SECRET_PART_MIN_CHARS else rf"(?<!\w){exactly}(?!\w)"


def _shorten(record: Record) -> None:
    message = record["message"]
    if len(message) > MESSAGE_MAX_CHARS:
        record["message"] = f"{message[:MESSAGE_MAX_CHARS]}… ({len(message)} caracteres)"


# --- the lines of a call --------------------------------------------------------


class CallLog:
    """The log of one call: a sign, the call's tag, the text. Any thread. Texts are not format strings."""

    __slots__ = ("_logger", "_tag")

    def __init__(self, call_id: str) -> None:
        self._tag = f"[CALL:{call_id}]"
        self._logger = logger.bind(call=call_id).opt(depth=1)

    def debug(self, sign: str, text: str) -> None:
        self._logger.debug(f"{sign} {self._tag} {text}")

    def info(self, sign: str, text: str) -> None:
        self._logger.info(f"{sign} {self._tag} {text}")

    def warning(self, sign: str, text: str) -> None:
        self._logger.warning(f"{sign} {self._tag} {text}")

    def error(self, sign: str, text: str, error: BaseException | None = None) -> None:
        """With ``error``, its traceback follows the line."""
        self._logger.opt(depth=1, exception=error).error(f"{sign} {self._tag} {text}")


# --- setting up -----------------------------------------------------------------


class LogOutput:
    """The log while it is open. ``close`` may be called more than once."""

    def __init__(self, log: Log, clean: Clean) -> None:
        self._log = log
        self._clean = clean
        self._handlers: list[int] = []
        self._writers: list[LineWriter] = []
        self._changing = threading.Lock()

    def add(self, name: str, output: Output) -> None:
        writer = LineWriter(name, output, self._clean)
        self._writers.append(writer)
        self._handlers.append(_add_handler(self._log, writer))

    @property
    def level(self) -> str:
        return self._log.level

    def set_level(self, level: str) -> None:
        """From now on, this is the least level that is written. Any thread."""
        with self._changing:
            self._log = replace(self._log, level=level)
            before = self._handlers
            # First the new ones: a line that is written twice does less harm than one that is lost.
            self._handlers = [_add_handler(self._log, writer) for writer in self._writers]
            for handler in before:
                logger.remove(handler)

    def close(self, timeout_s: float = 2.0) -> bool:
        """Write what is waiting. False when an output did not take it within ``timeout_s``."""
        while self._handlers:
            logger.remove(self._handlers.pop())
        done = [writer.close(timeout_s) for writer in self._writers]
        self._writers.clear()
        return all(done)


def setup_logs(log: Log, secrets: frozenset[str] = frozenset(), stream: TextIO | None = None) -> LogOutput:
    """Take over logging for the whole process. Once, from the main thread. Raises ``OSError`` for the log file."""
    file = RotatedFile(log.file) if log.file is not None else None  # first: it is what can fail
    logger.remove()
    logger.configure(patcher=_shorten)
    output = LogOutput(log, cleaner(secrets))
    output.add("log-console", Console(stream or sys.stderr))
    if file is not None:
        output.add("log-file", file)
    _route_standard_logging()
    threading.excepthook = _log_thread_death
    atexit.register(output.close)
    return output


def _add_handler(log: Log, writer: LineWriter) -> int:
    def text(message: Message) -> None:
        # Further lines, of tracebacks or from outside, are indented: they cannot pass for entries of their own.
        writer.put(message.rstrip("\n").replace("\n", "\n    ") + "\n", message.record["level"].no)

    def as_json(message: Message) -> None:
        writer.put(_json_line(message.record), message.record["level"].no)

    # diagnose would print the values of variables: keys, phone numbers, what callers said.
    if log.format == "json":
        return logger.add(as_json, level=log.level, format="", diagnose=False, backtrace=False)
    return logger.add(text, level=log.level, format=_text_format, diagnose=False, backtrace=False)


def _text_format(record: Record) -> str:
    """What an actor says of itself begins with its path; if it is part of a call, with the call's tag before that."""
    extra = record["extra"]
    if "actor" not in extra:
        return _TEXT_HEAD + _TEXT_BODY
    tag = "[CALL:{extra[call]}] " if "call" in extra else ""
    return f"{_TEXT_HEAD}{tag}{{extra[actor]}}: {_TEXT_BODY}"


def _json_line(record: Record) -> str:
    line: dict[str, object] = {
        "time": record["time"].isoformat(timespec="milliseconds"),
        "level": record["level"].name,
        "message": record["message"],
        "logger": record["name"],
        "thread": record["thread"].name,
        **record["extra"],
    }
    if record["exception"] is not None:
        line["exception"] = "".join(traceback.format_exception(record["exception"].value))
    return json.dumps(line, ensure_ascii=False, default=str) + "\n"


class _IntoLoguru(logging.Handler):
    """Takes what libraries log with the standard library."""

    LEVELS: Final = frozenset({"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"})

    def emit(self, record: logging.LogRecord) -> None:
        level = record.levelname if record.levelname in self.LEVELS else record.levelno
        routed = logger.bind(logger=record.name).opt(exception=record.exc_info)
        routed.log(level, f"{record.name}: {record.getMessage()}")


def _route_standard_logging() -> None:
    logging.basicConfig(handlers=[_IntoLoguru()], level=LIBRARY_LEVELS[""], force=True)
    for name, level in LIBRARY_LEVELS.items():
        logging.getLogger(name).setLevel(level)
    logging.captureWarnings(True)


def _log_thread_death(args: threading.ExceptHookArgs) -> None:
    if args.exc_type is SystemExit:  # somebody's way to end a thread
        return
    thread = args.thread.name if args.thread else "?"
    logger.opt(exception=args.exc_value).critical(f"💥 El hilo {thread} ha muerto")
