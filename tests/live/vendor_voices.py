"""Voices by their vendors' own packages, and by others' where the vendor has none."""

import asyncio
import base64
import queue

from vendor_ears import google_account, sarvam_client
from vendor_models import openai_client
from vendor_session import PATIENCE, RATE, TEXT, expect, expect_audio, refused


def openai_tts(address):
    import openai

    def speak(**changed):
        asked = {"model": "gpt-4o-mini-tts", "voice": "marin", "input": TEXT, "response_format": "pcm", **changed}
        with openai_client(address).audio.speech.with_streaming_response.create(**asked) as response:
            return b"".join(response.iter_bytes())

    expect_audio(speak())
    refused("an unknown voice", openai.BadRequestError, lambda: speak(voice="nobody"))
    refused("no text", openai.BadRequestError, lambda: speak(input=""))


def cartesia(address):
    from cartesia import Cartesia

    client = Cartesia(api_key="a-key", websocket_base_url=f"ws://{address}", base_url=f"http://{address}")
    asked = {
        "model_id": "sonic-3",
        "voice": {"mode": "id", "id": "a-voice"},
        "language": "en",
        "output_format": {"container": "raw", "encoding": "pcm_s16le", "sample_rate": RATE},
        "add_timestamps": True,
    }
    with client.tts.websocket_connect() as connection:
        for _ in range(2):
            context = connection.context(max_buffer_delay_ms=0, timeout=PATIENCE, **asked)
            context.push("One, two, ")
            context.push("three.")
            context.no_more_inputs()
            audio, words, kinds = b"", [], []
            for said in context.receive():
                kinds.append(said.type)
                if said.type == "chunk":
                    audio += said.audio
                elif said.type == "timestamps":
                    words += said.word_timestamps.words
            expect("the end", "done", kinds[-1])
            expect("the words", ["One,", "two,", "three."], words)
            expect_audio(audio)
        context = connection.context(timeout=PATIENCE, **asked)
        context.push(TEXT)
        context.cancel()


def pipecat_voice(address, kind=None):
    """Pipecat's service for ElevenLabs with several contexts, or one made of it."""
    from loguru import logger
    from pipecat.services.elevenlabs.tts import ElevenLabsTTSService
    from pipecat.transcriptions.language import Language

    logger.remove()
    settings = ElevenLabsTTSService.Settings(voice="v1", model="eleven_flash_v2_5", language=Language.EN)
    kind = kind or ElevenLabsTTSService
    return kind(api_key="a-key", url=f"ws://{address}", sample_rate=RATE, settings=settings)


def spoken_by_pipecat(service, texts):
    """What comes of these texts, each a context of its own: audio and words. Pipecat waits for all of it before it ends."""
    from pipecat.frames.frames import ErrorFrame, TTSAudioRawFrame, TTSSpeakFrame, TTSTextFrame
    from pipecat.tests.utils import run_test

    frames = [TTSSpeakFrame(text) for text in texts]
    down, up = asyncio.run(run_test(service, frames_to_send=frames, start_timeout=PATIENCE))
    expect("what went wrong", [], [frame.error for frame in up if isinstance(frame, ErrorFrame)])
    audio = b"".join(frame.audio for frame in down if isinstance(frame, TTSAudioRawFrame))
    return audio, [frame.text.strip() for frame in down if isinstance(frame, TTSTextFrame)]


def elevenlabs(address):
    """ElevenLabs' own package has no client for several contexts; Pipecat's service is one."""
    audio, words = spoken_by_pipecat(pipecat_voice(address), [TEXT, TEXT])
    expect_audio(audio, words=6)
    expect("the words", 2 * TEXT.split(), words)


def elevenlabs_types(address):
    """ElevenLabs' package has types for several contexts, and no client: these are its messages, over the package's own WebSockets."""
    import json

    from elevenlabs import types
    from elevenlabs.url_utils import build_ws_url
    from websockets.exceptions import ConnectionClosedError, InvalidStatus
    from websockets.sync.client import connect

    asked = {"model_id": "eleven_flash_v2_5", "language_code": "en", "output_format": "pcm_16000", "auto_mode": "true", "inactivity_timeout": "180"}
    url = build_ws_url(f"ws://{address}", ["v1", "text-to-speech", "avoice", "multi-stream-input"], asked)

    def opened(key="a-key"):
        return connect(url, additional_headers={"xi-api-key": key})

    def send(socket, message):
        socket.send(message.json(exclude_none=True))

    with opened() as socket:
        for context in ["c-1", "c-2"]:
            send(socket, types.InitializeConnectionMulti(context_id=context))
            send(socket, types.SendTextMulti(text="One, two, ", context_id=context, flush=True))
            send(socket, types.SendTextMulti(text="three. ", context_id=context))
            send(socket, types.FlushContext(context_id=context, flush=True))
            send(socket, types.KeepContextAlive(context_id=context))
            send(socket, types.CloseContext(context_id=context, close_context=True))
            audio, spelled = b"", ""
            while True:
                said = json.loads(socket.recv(timeout=PATIENCE))
                is_final = said.get("isFinal")
                said = (types.FinalOutputMulti if is_final else types.AudioOutputMulti).model_validate(said)
                expect("the context", context, said.context_id)
                if is_final:
                    break
                audio += base64.b64decode(said.audio)
                spelled += "".join(said.alignment.chars)
                expect("the times", len(said.alignment.chars), len(said.alignment.char_start_times_ms))
            expect("the letters", TEXT, spelled.strip())
            expect_audio(audio)
        send(socket, types.CloseSocket(close_socket=True))
    refused("no key", InvalidStatus, lambda: opened("").close())
    with opened() as socket:
        for n in range(6):
            send(socket, types.InitializeConnectionMulti(context_id=f"c-{n}"))
        expect("the error", "max_active_conversations", json.loads(socket.recv(timeout=PATIENCE))["error"])
        refused("a sixth context", ConnectionClosedError, lambda: socket.recv(timeout=PATIENCE))


def sarvam_voice(address):
    with sarvam_client(address).text_to_speech_streaming.connect(model="bulbul:v3", send_completion_event="true") as socket:
        socket.configure(target_language_code="pa-IN", speaker="simran", speech_sample_rate=RATE, output_audio_codec="linear16")
        socket.convert(TEXT)
        socket.flush()
        audio = b""
        while True:
            said = socket.recv()
            if said.type == "event":
                expect("the event", "final", said.data.event_type)
                break
            audio += base64.b64decode(said.data.audio)
        expect_audio(audio)


def qwen_client(address):
    """The voice, and what it says."""
    import dashscope
    from dashscope.audio.qwen_tts_realtime import QwenTtsRealtime, QwenTtsRealtimeCallback

    events = queue.Queue()

    class Callback(QwenTtsRealtimeCallback):
        def on_event(self, message):
            events.put(message)

    dashscope.api_key = "a-key"
    voice = QwenTtsRealtime(model="qwen3-tts-flash-realtime", callback=Callback(), url=f"ws://{address}/api-ws/v1/realtime")
    return voice, events


def qwen(address):
    voice, events = qwen_client(address)
    voice.connect()
    voice.update_session(voice="Cherry", mode="commit", language_type="Chinese", sample_rate=RATE, audio_format="pcm")
    voice.append_text("一，二，三。")
    voice.commit()
    audio, seen = b"", []
    while not seen or seen[-1] != "response.done":
        said = events.get(timeout=PATIENCE)
        seen.append(said["type"])
        if said["type"] == "response.audio.delta":
            audio += base64.b64decode(said["delta"])
    expect_audio(audio)
    expect("the first messages", ["session.created", "session.updated"], seen[:2])
    voice.finish()
    while seen[-1] != "session.finished":
        seen.append(events.get(timeout=PATIENCE)["type"])
    voice.close()


def google_voices(address, key_file):
    """The client, and who asks."""
    import grpc
    from google.cloud import texttospeech_v1 as speech
    from google.cloud.texttospeech_v1.services.text_to_speech.transports import TextToSpeechGrpcTransport

    _, headers = google_account(key_file, "texttospeech")
    client = speech.TextToSpeechClient(transport=TextToSpeechGrpcTransport(channel=grpc.insecure_channel(address)))
    return client, (("authorization", headers["authorization"]),)


def google_tts(address, key_file):
    from google.api_core import exceptions
    from google.cloud import texttospeech_v1 as speech

    client, caller = google_voices(address, key_file)

    def requests(locale, rate, texts):
        voice = speech.VoiceSelectionParams(language_code=locale, name=f"{locale}-Chirp3-HD-Kore")
        audio = speech.StreamingAudioConfig(audio_encoding=speech.AudioEncoding.PCM, sample_rate_hertz=rate)
        config = speech.StreamingSynthesizeConfig(voice=voice, streaming_audio_config=audio)
        yield speech.StreamingSynthesizeRequest(streaming_config=config)
        for text in texts:
            yield speech.StreamingSynthesizeRequest(input=speech.StreamingSynthesisInput(text=text))

    def synthesize(locale="en-US", rate=RATE, texts=(TEXT,), metadata=caller):
        said = client.streaming_synthesize(requests(locale, rate, texts), metadata=metadata, timeout=PATIENCE)
        return b"".join(response.audio_content for response in said)

    expect_audio(synthesize())
    expect_audio(synthesize("yue-HK", texts=(TEXT, TEXT)), words=6)
    refused("no token", exceptions.Unauthenticated, lambda: synthesize(metadata=()))
    refused("an unknown voice", exceptions.InvalidArgument, lambda: synthesize("xx-XX"))
    refused("another rate than is simulated", exceptions.InvalidArgument, lambda: synthesize(rate=8_000))
    refused("no text", exceptions.InvalidArgument, lambda: synthesize(texts=("",)))


def azure_voice(address, session, key="a-key", name="en-CA-ClaraNeural", language="en-CA"):
    from livekit.plugins import azure

    endpoint = f"http://{address}/cognitiveservices/v1"
    return azure.TTS(voice=name, language=language, sample_rate=RATE, speech_key=key, speech_region="canadacentral", speech_endpoint=endpoint, http_session=session)


async def spoken_by_azure(address, text, **changed):
    import aiohttp
    from livekit.agents import APIConnectOptions

    async with aiohttp.ClientSession() as session:
        voice = azure_voice(address, session, **changed)
        async with voice.synthesize(text, conn_options=APIConnectOptions(max_retry=0, timeout=PATIENCE)) as said:
            return b"".join([piece.frame.data.tobytes() async for piece in said])


def azure(address):
    """Microsoft's package speaks a protocol of its own; LiveKit's plugin asks the REST interface, as we do."""
    from livekit.agents import APIStatusError

    def ask(**changed):
        return asyncio.run(spoken_by_azure(address, TEXT, **changed))

    expect_audio(ask())
    expect_audio(ask(name="fr-CA-Sylvie:DragonHDLatestNeural", language="fr-CA"))
    refused("no key", APIStatusError, lambda: ask(key=""))
    refused("an unknown language", APIStatusError, lambda: ask(language="xx-XX"))
