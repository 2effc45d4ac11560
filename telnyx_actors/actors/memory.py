"""What a call knows, kept outside its actor, so that the actor may die and be started again."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from telnyx_actors.actors.calls import CallView, Line
from telnyx_actors.actors.carrier_sound import CarrierSound
from telnyx_actors.actors.chronicler import Chronicler
from telnyx_actors.actors.ears import Ears
from telnyx_actors.actors.media import MediaSink
from telnyx_actors.actors.messages import CallPlan, CloseRecord, Placed
from telnyx_actors.actors.outlet import Outlet
from telnyx_actors.actors.replay_buffer import ReplayBuffer
from telnyx_actors.actors.session import CallSession
from telnyx_actors.core.audio import SAMPLE_RATE_HZ
from telnyx_actors.core.conversation import Conversation
from telnyx_actors.providers.ports import CallCommand, DialRequest


@dataclass(slots=True, eq=False)
class CallMemory:
    """Owned by the call's actor; made and kept by the supervisor."""

    plan: CallPlan
    view: CallView
    session: CallSession
    conversation: Conversation
    chronicler: Chronicler
    system: str  # the model's instructions: the same for the whole call, so that they can be cached
    born_at: float
    placed: Placed
    is_saved: bool = False  # another process held it before, and it has to be taken up
    is_orphan: bool = False  # that process died, and did not let go of it
    is_forgotten: bool = False  # and the journal knows nothing of it
    replay: ReplayBuffer = field(default_factory=ReplayBuffer)
    outlet: Outlet = field(default_factory=Outlet)
    sink: MediaSink | None = None
    leg_id: str = ""  # the carrier's name for this side of the call; a transfer has another side
    dial: DialRequest | None = None  # while the carrier has not answered it
    orders: dict[str, CallCommand] = field(default_factory=dict)  # by id, those that it has not answered
    origin_s: float | None = None  # zero of the recording's time
    ears: Ears = field(default_factory=Ears)
    sound: CarrierSound = field(default_factory=CarrierSound)
    dials: int = 0  # how often the carrier was asked to dial
    has_webhook: bool = False  # the carrier has told something about the call
    closing: CloseRecord | None = None  # the call is over, and this ends its record
    is_recorded: bool = False  # the record is where it belongs
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def line(self) -> Line:
        """How the caller's audio has come so far."""
        order = self.session.reorderer
        unheard_s = self.replay.lost_bytes / SAMPLE_RATE_HZ
        return Line(self.session.frames, order.lost_frames, order.late_frames, unheard_s)
