"""What a conversation is played by: its timings and its lines. All times in seconds."""

from __future__ import annotations

from dataclasses import dataclass, field

from telnyx_actors.core.turn_end import TurnEndSettings


@dataclass(frozen=True, slots=True)
class Rules:
    """The timings. The defaults are those of a phone line to a patient person."""

    # hearing
    uses_stream: bool = True  # False: the carrier plays files and transcribes (webhook mode)
    carrier_listens: bool = False  # beside us, for what does not reach us
    transcriber_ends_turns: bool = False  # True: a turn-taking transcriber decides (Flux)
    transcriber_patience_s: float = 3.0  # how long such a transcriber may stay undecided
    silences: TurnEndSettings = field(default_factory=TurnEndSettings)
    # Where only transcripts tell that the caller speaks, a final comes after some silence already.
    transcript_silences: TurnEndSettings = field(
        default_factory=lambda: TurnEndSettings(complete_ms=100, unclear_ms=400, open_ms=900, dictating_ms=900)
    )
    interim_patience_s: float = 2.5  # for a final, where nothing else tells that the caller has stopped
    hearing_failures_max: int = 3  # in a row, of our transcriber, before the carrier's is used
    speculate_before_s: float = 0.6  # ask the model this long before the turn would be over
    flush_timeout_s: float = 0.6  # how long a requested final may take
    replay_timeout_s: float = 3.0  # the same, where a new connection has to hear the voice again first
    digits_gap_s: float = 1.5  # keys pressed closer together than this are one input
    min_confidence: float = 0.3
    # being interrupted
    no_words_s: float = 0.8  # a voice without words: the interruption was none
    voice_without_words_s: float = 3.0  # a voice that goes on without a word is noise
    endpoint_trust_s: float = 0.5  # a voice that lasts longer than this behind an endpoint is noise
    endpoint_doubt_s: float = 1.5  # an endpoint this soon after a voice began is the one before it
    late_words_s: float = 1.0  # words that come this soon after we began belong to the turn before
    false_alarms_max: int = 2  # in a turn; then only words interrupt, not a voice by itself
    short_rest_s: float = 0.6  # so little was left to say that a "sí" is an answer
    question_rest_s: float = 1.2  # the same of a question: people answer before its end
    # speaking
    lead_s: float = 2.0  # how far ahead of the caller's ear audio is sent
    mark_every_s: float = 0.25
    quick_reply: bool = False  # say the quick reply instead of a filler, and where files are played in every turn
    # the ladder of dead air, from the end of the caller's turn
    filler_after_s: float = 1.2
    hedge_after_s: float = 2.5
    apology_after_s: float = 4.0
    give_up_after_s: float = 10.0
    stall_s: float = 2.5  # a reply that stops in the middle is taken as it is
    phrase_stall_s: float = 1.0  # a line known by heart should be at hand, and a next clause by its turn
    retries_s: tuple[float, ...] = (0.1, 0.4, 1.0)  # waits before asking again
    failed_turns_max: int = 3
    # the call
    silence_timeout_s: float = 20.0
    call_max_s: float = 1800.0
    media_wait_s: float = 3.0  # how long a stream may take to start before files are used instead
    stream_again_s: float = 30.0  # a stream that failed is tried again, at a pause
    stream_again_max: int = 20  # so often in a call
    ring_max_s: float = 90.0
    goodbye_max_s: float = 12.0
    hangup_wait_s: float = 5.0
    hangups_max: int = 3
    exchanges_max: int = 20
    transfer_number: str = ""
    transfer_answer_s: float = 60.0  # how long the person may take to pick up: the carrier rings for 30 s
    leave_within_s: float = 5.0  # for the sentences that the carrier has, when another process takes the call
    transfer_max_s: float = 7200.0  # a call given to a person is theirs for this long

    @property
    def held_max_s(self) -> float:
        """The longest that the caller may be on the line: with us, and then with a person."""
        return self.call_max_s + (self.transfer_max_s if self.transfer_number else 0.0)


@dataclass(frozen=True, slots=True)
class Lines:
    """What the agent says by heart."""

    greeting: str
    fillers: tuple[str, ...]
    prompts: tuple[str, ...]  # to a silent caller, one after the other
    apology: str  # "one moment": the reply is late
    failure: str  # "could you say that again": there will be no reply
    goodbye_silence: str
    goodbye_limit: str
    goodbye_failure: str
    transfer: str
    quick_reply: str = ""  # "one second": said instead of a filler, if the rules want it
    recovery: str = ""  # "we were cut off": after our process had died
