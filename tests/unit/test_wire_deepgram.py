from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

import pytest

from telnyx_actors.core.audio import Encoding
from telnyx_actors.core.events import (
    TranscriptFinal,
    TranscriptInterim,
    TurnConfirmed,
    TurnPredicted,
    TurnRetracted,
    UtteranceEnded,
)
from telnyx_actors.errors import WireError
from telnyx_actors.wire.deepgram import (
    FluxSettings,
    ListenV1,
    ListenV2,
    NovaSettings,
    flux_path,
    is_flux,
    nova_path,
)
from telnyx_actors.wire.transcriber import Complaint, Opened, VoiceAnnounced


def results(text: str, *, end_s: float = 1.0, **flags: bool) -> str:
    words = [{"word": word, "start": 0.0, "end": end_s, "confidence": 0.9, "language": "es"} for word in text.split()]
    alternative = {"transcript": text, "confidence": 0.9, "words": words}
    return json.dumps(
        {
            "type": "Results",
            "channel_index": [0, 1],
            "duration": 1.0,
            "start": 0.0,
            "channel": {"alternatives": [alternative]},
            "metadata": {"request_id": "r", "model_info": {"name": "n", "version": "v", "arch": "a"}},
            **flags,
        }
    )


def utterance_end(last_word_end_s: float) -> str:
    return json.dumps({"type": "UtteranceEnd", "channel": [0, 1], "last_word_end": last_word_end_s})


def turn_info(event: str, text: str, **more: object) -> str:
    return json.dumps(
        {
            "type": "TurnInfo",
            "request_id": "r",
            "sequence_id": 3,
            "event": event,
            "turn_index": 0,
            "audio_window_start": 0.0,
            "audio_window_end": 1.5,
            "transcript": text,
            "words": [{"word": "hola", "confidence": 0.9}],
            "end_of_turn_confidence": 0.62,
            **more,
        }
    )


# --- Nova ---


@pytest.mark.parametrize(
    ("message", "events"),
    [
        (results("hola buenas", is_final=False), (TranscriptInterim("hola buenas", 0.9),)),
        (results("hola"), (TranscriptInterim("hola", 0.9),)),
        (results("", is_final=False), ()),
        (results("hola", is_final=True, speech_final=False), (TranscriptFinal("hola", 0.9),)),
        (results("hola", is_final=True, speech_final=True), (TranscriptFinal("hola", 0.9, endpoint=True),)),
        (results("hola", is_final=True, from_finalize=True), (TranscriptFinal("hola", 0.9, flushed=True),)),
        (results("", is_final=True), ()),
    ],
)
def test_each_kind_of_result_is_one_event(message: str, events: tuple[object, ...]) -> None:
    assert ListenV1().receive(message) == events
    assert ListenV1().receive(message.encode()) == events


@pytest.mark.parametrize("flag", ["speech_final", "from_finalize"])
def test_an_endpoint_or_a_flush_without_words_is_still_told(flag: str) -> None:
    (event,) = ListenV1().receive(results("", is_final=True, **{flag: True}))

    assert isinstance(event, TranscriptFinal)
    assert event.text == ""
    assert (event.endpoint, event.flushed) == (flag == "speech_final", flag == "from_finalize")


def test_an_utterance_end_after_words_without_an_endpoint_is_told_once() -> None:
    dialect = ListenV1()
    dialect.receive(results("hola", end_s=1.2, is_final=True))

    assert dialect.receive(utterance_end(1.2)) == (UtteranceEnded(),)
    assert dialect.receive(utterance_end(1.2)) == ()


def test_an_utterance_end_that_follows_an_endpoint_says_nothing_new() -> None:
    dialect = ListenV1()
    dialect.receive(results("hola", end_s=1.2, is_final=True, speech_final=True))

    assert dialect.receive(utterance_end(1.2)) == ()


def test_an_utterance_end_about_words_before_the_newest_is_stale() -> None:
    dialect = ListenV1()
    dialect.receive(results("hola", end_s=1.2, is_final=True))
    dialect.receive(results("quiero una cita", end_s=4.0, is_final=True))

    assert dialect.receive(utterance_end(1.2)) == ()
    assert dialect.receive(utterance_end(-1)) == ()
    assert dialect.receive(utterance_end(4.0)) == (UtteranceEnded(),)


def test_an_error_of_nova_is_a_complaint_and_not_the_end() -> None:
    message = json.dumps({"type": "Error", "variant": "SchemaError", "description": "no such type", "message": "{}"})

    assert ListenV1().receive(message) == (Complaint("SchemaError", "no such type", is_fatal=False),)


def test_nova_announces_a_voice() -> None:
    message = json.dumps({"type": "SpeechStarted", "channel": [0, 1], "timestamp": 1.2})

    assert ListenV1().receive(message) == (VoiceAnnounced(),)


@pytest.mark.parametrize("kind", ["Metadata", "ConfigureSuccess", "SomethingOfNextYear"])
def test_types_we_do_not_use_are_no_events(kind: str) -> None:
    message = json.dumps({"type": kind, "channel": [0, 1], "request_id": "r", "new": {"deep": [1]}})

    assert ListenV1().receive(message) == ()
    assert ListenV2().receive(message) == ()


def test_a_result_without_alternatives_has_no_words() -> None:
    message = json.dumps({"type": "Results", "channel": {"alternatives": []}, "is_final": True, "speech_final": True})

    assert ListenV1().receive(message) == (TranscriptFinal("", endpoint=True),)


# --- Flux ---


@pytest.mark.parametrize(
    ("event", "events"),
    [
        ("StartOfTurn", (TranscriptInterim("hola"),)),
        ("Update", (TranscriptInterim("hola"),)),
        ("EagerEndOfTurn", (TurnPredicted("hola", 0.62),)),
        ("TurnResumed", (TurnRetracted(), TranscriptInterim("hola"))),
        ("EndOfTurn", (TurnConfirmed("hola", 0.62),)),
        ("EventOfNextYear", ()),
    ],
)
def test_each_step_of_a_turn_is_told(event: str, events: tuple[object, ...]) -> None:
    assert ListenV2().receive(turn_info(event, "hola", trigger="model")) == events


def test_a_turn_that_starts_without_words_says_nothing_yet() -> None:
    assert ListenV2().receive(turn_info("StartOfTurn", "")) == ()
    assert ListenV2().receive(turn_info("TurnResumed", "")) == (TurnRetracted(),)


def test_updates_that_say_nothing_new_are_not_told() -> None:
    dialect = ListenV2()
    dialect.receive(turn_info("Update", "hola"))
    dialect.receive(turn_info("EagerEndOfTurn", "hola"))

    assert dialect.receive(turn_info("Update", "hola")) == ()
    assert dialect.receive(turn_info("TurnResumed", "hola")) == (TurnRetracted(),)
    assert dialect.receive(turn_info("Update", "hola, quiero")) == (TranscriptInterim("hola, quiero"),)


def test_the_next_turn_may_say_the_same() -> None:
    dialect = ListenV2()
    dialect.receive(turn_info("EndOfTurn", "sí"))

    assert dialect.receive(turn_info("StartOfTurn", "sí")) == (TranscriptInterim("sí"),)


def test_flux_says_when_it_is_ready_and_what_is_wrong() -> None:
    dialect = ListenV2()

    assert dialect.receive('{"type":"Connected","request_id":"r1","sequence_id":0}') == (Opened("r1"),)
    fatal = '{"type":"Error","sequence_id":4,"code":"UNPARSABLE_CLIENT_MESSAGE","description":"no"}'
    assert dialect.receive(fatal) == (Complaint("UNPARSABLE_CLIENT_MESSAGE", "no", is_fatal=True),)
    refused = '{"type":"ConfigureFailure","error_code":"LIMIT","description":null}'
    assert dialect.receive(refused) == (Complaint("LIMIT", "", is_fatal=False),)


# --- what does not follow the protocol ---


@pytest.mark.parametrize("dialect", [ListenV1, ListenV2])
@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"null",
        b"[]",
        b"7",
        b"{}",
        b'{"type":7}',
        b'{"type":"Results"}',
        b'{"type":"Results","channel":[0,1]}',
        b'{"type":"TurnInfo"}',
        b'{"type":"TurnInfo","event":{}}',
        b'{"type":"Results","channel":{"alternatives":[{"transcript":7}]}}',
        b"\xff\xfe\x00",
        b'{"type":"Results","channel":{"alternatives":[{"transcript":"\xff"}]}}',
        b"[" * 100_000,
        b"HTTP/1.1 200 OK\r\n\r\n",
    ],
)
def test_garbage_is_a_wire_error_and_nothing_else(dialect: type[ListenV1 | ListenV2], garbage: bytes) -> None:
    try:
        events = dialect().receive(garbage)
    except WireError:
        return
    assert events == ()  # the other dialect's message, which this one does not look into


@pytest.mark.parametrize(
    ("dialect", "message"),
    [(ListenV1, results("sí, mañana", is_final=True)), (ListenV2, turn_info("EndOfTurn", "sí, mañana"))],
)
def test_a_message_cut_anywhere_is_a_wire_error(dialect: type[ListenV1 | ListenV2], message: str) -> None:
    data = message.encode()
    for length in range(len(data)):
        with pytest.raises(WireError):
            dialect().receive(data[:length])
    with pytest.raises(WireError):
        dialect().receive(data + b"{}")


# --- addresses ---


def query_of(path: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(path).query, strict_parsing=True)


def test_nova_is_asked_for_interims_in_the_callers_language_and_codec() -> None:
    path = nova_path(NovaSettings(), Encoding.PCMA)

    assert path.startswith("/v1/listen?")
    assert query_of(path) == {
        "model": ["nova-3"],
        "language": ["es"],
        "encoding": ["alaw"],
        "sample_rate": ["8000"],
        "interim_results": ["true"],
        "vad_events": ["true"],
        "punctuate": ["true"],
        "endpointing": ["200"],
        "utterance_end_ms": ["1000"],
    }


def test_an_utterance_end_below_what_deepgram_accepts_is_raised_to_it() -> None:
    assert query_of(nova_path(NovaSettings(utterance_end_ms=700), Encoding.PCMU))["utterance_end_ms"] == ["1000"]


def test_smart_format_never_holds_a_final_back() -> None:
    query = query_of(nova_path(NovaSettings(smart_format=True), Encoding.PCMU))

    assert query["smart_format"] == query["no_delay"] == ["true"]


def test_terms_are_boosted_by_the_name_that_each_generation_knows() -> None:
    terms = ("María", "EPS Sura")

    assert query_of(nova_path(NovaSettings(keyterms=terms), Encoding.PCMU))["keyterm"] == list(terms)
    older = query_of(nova_path(NovaSettings(model="nova-2", keyterms=terms), Encoding.PCMU))
    assert older["keywords"] == list(terms)
    assert "keyterm" not in older


def test_flux_is_asked_to_predict_and_never_for_what_it_refuses() -> None:
    query = query_of(flux_path(FluxSettings(eot_threshold=0.7, eager_eot_threshold=0.9), Encoding.PCMU))

    assert query["language_hint"] == ["es"]
    assert float(query["eager_eot_threshold"][0]) <= float(query["eot_threshold"][0])
    refused = {"language", "interim_results", "endpointing", "utterance_end_ms", "vad_events", "smart_format"}
    assert not refused & query.keys()


def test_a_flux_model_of_one_language_gets_no_hint() -> None:
    assert "language_hint" not in query_of(flux_path(FluxSettings(model="flux-general-en"), Encoding.PCMU))


def test_models_named_flux_are_flux() -> None:
    assert is_flux("flux-general-multi")
    assert not is_flux("nova-3")


# --- how far it has come ---


def test_a_final_says_up_to_where_it_has_heard() -> None:
    message = json.loads(results("hola", is_final=True)) | {"start": 1.5, "duration": 0.7}
    (final,) = ListenV1().receive(json.dumps(message))
    assert isinstance(final, TranscriptFinal)
    assert final.audio_s == pytest.approx(2.2)


def test_the_end_of_a_turn_says_up_to_where_it_has_heard() -> None:
    (confirmed,) = ListenV2().receive(turn_info("EndOfTurn", "hola"))
    assert isinstance(confirmed, TurnConfirmed)
    assert confirmed.audio_s == 1.5


def test_a_position_that_is_missing_is_not_made_up() -> None:
    message = json.loads(results("hola", is_final=True))
    del message["start"]
    (final,) = ListenV1().receive(json.dumps(message))
    assert isinstance(final, TranscriptFinal)
    assert final.audio_s is None
