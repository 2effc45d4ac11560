"""Pipecat's documented Telnyx bot: its inbound example, with the vendors that we use too. Runs in the peer's environment.

    python pipecat_bot.py --transport telnyx --proxy 127.0.0.1:7860 --configuration default

``default`` is the example as it stands; the others change what is named in ``configure``, and nothing else.
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import dataclass

from anthropic import AsyncAnthropic
from loguru import logger
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.frames.frames import LLMRunFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair, LLMUserAggregatorParams
from pipecat.runner.run import main
from pipecat.runner.types import RunnerArguments
from pipecat.runner.utils import parse_telephony_websocket
from pipecat.serializers.telnyx import TelnyxFrameSerializer
from pipecat.services.anthropic.llm import AnthropicLLMService
from pipecat.services.deepgram.flux.stt import DeepgramFluxSTTService
from pipecat.services.deepgram.stt import DeepgramSTTService
from pipecat.services.elevenlabs.tts import ElevenLabsTTSService
from pipecat.transcriptions.language import Language
from pipecat.transports.websocket.fastapi import FastAPIWebsocketParams, FastAPIWebsocketTransport
from pipecat.workers.runner import WorkerRunner

RATE_HZ = 8000
INSTRUCTION = "Eres María, recepcionista de una clínica veterinaria. Hablas por teléfono: respondes en español, en una o dos frases."


@dataclass(frozen=True)
class Configuration:
    """What differs: the Deepgram service, who decides on turns, and what is told about it all."""

    stt: DeepgramSTTService | DeepgramFluxSTTService
    user: LLMUserAggregatorParams
    is_talkative: bool = True


def configure(name: str) -> Configuration:
    """The parts of one call."""
    key, url = os.environ["DEEPGRAM_API_KEY"], os.environ["DEEPGRAM_URL"]
    if name == "default":  # Silero says who speaks, smart-turn v3 who is done; metrics, and a log of everything
        nova = DeepgramSTTService.Settings(language=Language.ES)
        stt = DeepgramSTTService(api_key=key, base_url=url, settings=nova)
        return Configuration(stt, LLMUserAggregatorParams(vad_analyzer=SileroVADAnalyzer()))
    # No model of its own: Deepgram says both. Of what the documents offer, the least work for this process.
    flux = DeepgramFluxSTTService.Settings(model="flux-general-multi", language_hints=[Language.ES])
    is_eager = {"lean": False, "eager": True}[name]  # eager: ask the model before the end of the turn is certain
    heard = DeepgramFluxSTTService(
        api_key=key, url=f"{url}/v2/listen", settings=flux, enable_eager_end_of_turn=is_eager
    )
    return Configuration(heard, LLMUserAggregatorParams(), is_talkative=False)


async def bot(arguments: RunnerArguments) -> None:
    """One call, from its socket to its end. The development runner calls this."""
    configuration = configure(arguments.cli_args.configuration)
    if not configuration.is_talkative:
        logger.remove()
        logger.add(sys.stderr, level="WARNING")
    _, call = await parse_telephony_websocket(arguments.websocket)
    serializer = TelnyxFrameSerializer(
        stream_id=call["stream_id"],
        outbound_encoding=call["outbound_encoding"],
        inbound_encoding="PCMU",
        call_control_id=call["call_id"],
        # Its address of Telnyx is fixed, and no stand-in's; here callers hang up.
        params=TelnyxFrameSerializer.InputParams(auto_hang_up=False),
    )
    transport = FastAPIWebsocketTransport(
        websocket=arguments.websocket,
        params=FastAPIWebsocketParams(
            audio_in_enabled=True, audio_out_enabled=True, add_wav_header=False, serializer=serializer
        ),
    )
    await converse(transport, configuration, handle_sigint=arguments.handle_sigint)


async def converse(transport: FastAPIWebsocketTransport, configuration: Configuration, *, handle_sigint: bool) -> None:
    """Hold the conversation until the caller is gone."""
    llm = AnthropicLLMService(
        api_key=os.environ["ANTHROPIC_API_KEY"],
        client=AsyncAnthropic(api_key=os.environ["ANTHROPIC_API_KEY"], base_url=os.environ["ANTHROPIC_BASE_URL"]),
        settings=AnthropicLLMService.Settings(system_instruction=INSTRUCTION),
    )
    tts = ElevenLabsTTSService(
        api_key=os.environ["ELEVENLABS_API_KEY"],
        url=os.environ["ELEVENLABS_API_URL"].replace("http", "ws", 1),
        settings=ElevenLabsTTSService.Settings(voice="21m00Tcm4TlvDq8ikWAM"),
    )
    context = LLMContext()
    user_aggregator, assistant_aggregator = LLMContextAggregatorPair(context, user_params=configuration.user)
    pipeline = Pipeline(
        [transport.input(), configuration.stt, user_aggregator, llm, tts, transport.output(), assistant_aggregator]
    )
    worker = PipelineWorker(
        pipeline,
        params=PipelineParams(
            audio_in_sample_rate=RATE_HZ,
            audio_out_sample_rate=RATE_HZ,
            enable_metrics=configuration.is_talkative,
            enable_usage_metrics=configuration.is_talkative,
        ),
    )

    async def on_client_connected(_transport: object, _client: object) -> None:
        context.add_message({"role": "user", "content": "Preséntate, por favor."})
        await worker.queue_frames([LLMRunFrame()])

    async def on_client_disconnected(_transport: object, _client: object) -> None:
        await worker.cancel()

    transport.add_event_handler("on_client_connected", on_client_connected)
    transport.add_event_handler("on_client_disconnected", on_client_disconnected)

    runner = WorkerRunner(handle_sigint=handle_sigint)
    await runner.add_workers(worker)
    await runner.run()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--configuration", default="default")
    main(parser)
