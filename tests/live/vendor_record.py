#!/usr/bin/env python3
"""Prints what a vendor's own Python package, or LiveKit's or Pipecat's where it has none, sends when it is asked for what attendant asks that vendor: the lines of tests/golden/vendors.

Usage: vendor_record.py VENDOR ADDRESS [KEY_FILE]
"""

import asyncio
import json
import queue
import sys

import vendor_ears
import vendor_models
import vendor_voices
from vendor_session import PATIENCE, RATE, VOICE, pieces
from vendor_wire import KEY, Wire

# Two samples, so that nothing has to be shortened.
SAMPLES = bytes([0, 1, 2, 3])
AUDIO = "AAECAw=="
NAMES = ["Dr. Wong", "黃醫生"]


def tool(parameters):
    return {"name": "end_call", "description": "Ends the call.", parameters: {"type": "object", "properties": {}}}


def openai(address):
    call = {"id": "1", "type": "function", "function": {"name": "end_call", "arguments": "{}"}}
    messages = [
        {"role": "system", "content": "You are."},
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "1", "content": "done"},
    ]
    tools = [{"type": "function", "function": tool("parameters")}]
    asked = {"stream_options": {"include_usage": True}, "temperature": 0.5, "max_completion_tokens": 100}
    for _ in vendor_models.openai_client(address).chat.completions.create(model="m", messages=messages, tools=tools, stream=True, **asked):
        pass


def openai_stt(address):
    def session(**transcription):
        given = {"format": {"type": "audio/pcm", "rate": 24_000}, "transcription": transcription, "turn_detection": None}
        return {"type": "transcription", "audio": {"input": given}}

    with vendor_models.openai_client(address).realtime.connect(extra_query={"intent": "transcription"}) as connection:
        connection.session.update(session=session(model="gpt-live-transcribe", languages=["en"], keywords=NAMES))
        connection.session.update(session=session(model="gpt-realtime-whisper", language="fr"))
        connection.input_audio_buffer.append(audio=AUDIO)
        connection.input_audio_buffer.commit()


def openai_tts(address):
    asked = {"model": "gpt-4o-mini-tts", "voice": "marin", "input": "Dr. Wong, 你好。", "response_format": "pcm"}
    with vendor_models.openai_client(address).audio.speech.with_streaming_response.create(**asked) as response:
        response.read()


def anthropic(address):
    import anthropic

    client = anthropic.Anthropic(base_url=f"http://{address}", api_key=KEY, max_retries=0, timeout=PATIENCE)
    system = [{"type": "text", "text": "You are.\n", "cache_control": {"type": "ephemeral"}}, {"type": "text", "text": "It is noon."}]
    call = {"type": "tool_use", "id": "toolu_1", "name": "end_call", "input": {"why": "done"}}
    messages = [
        {"role": "user", "content": [{"type": "text", "text": "Hello"}]},
        {"role": "assistant", "content": [{"type": "text", "text": "Let me see."}, call]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "done"}, {"type": "text", "text": "Bye"}]},
    ]
    asked = {"model": "m", "max_tokens": 400, "thinking": {"type": "disabled"}, "inference_geo": "us", "system": system}
    with client.messages.stream(messages=messages, tools=[{**tool("input_schema"), "eager_input_streaming": True}], **asked) as stream:
        for _ in stream.text_stream:
            pass


def deepgram_nova(address):
    asked = {
        "model": "nova-3",
        "language": "zh-HK",
        "encoding": "linear16",
        "sample_rate": RATE,
        "interim_results": True,
        "vad_events": True,
        "endpointing": 300,
        "smart_format": True,
        "keyterm": "Dr. Wong & Sons",
        "mip_opt_out": True,
    }
    with vendor_ears.deepgram_client(address).listen.v1.connect(**asked) as socket:
        socket.send_media(SAMPLES)
        socket.send_finalize()
        socket.send_keep_alive()
        socket.send_close_stream()


def deepgram_flux(address):
    from deepgram.listen.v2.types import ListenV2Configure, ListenV2ConfigureThresholds

    asked = {
        "model": "flux-general-multi",
        "language_hint": "fr",
        "encoding": "linear16",
        "sample_rate": RATE,
        "eot_threshold": 0.7,
        "eager_eot_threshold": 0.5,
        "keyterm": "Wong",
        "mip_opt_out": True,
    }
    with vendor_ears.deepgram_client(address).listen.v2.connect(**asked) as socket:
        socket.recv()
        socket.send_media(SAMPLES)
        thresholds = ListenV2ConfigureThresholds(eot_threshold=1.0, eager_eot_threshold=0.9, eot_timeout_ms=30000)
        socket.send_configure(ListenV2Configure(type="Configure", thresholds=thresholds, keyterms=["Wong"]))
        socket.send_force_end_turn()
        socket.send_close_stream()


def cartesia(address):
    from cartesia import Cartesia

    client = Cartesia(api_key=KEY, websocket_base_url=f"ws://{address}", base_url=f"http://{address}")
    asked = {
        "model_id": "sonic-3",
        "voice": {"mode": "id", "id": "v-1"},
        "language": "fr",
        "output_format": {"container": "raw", "encoding": "pcm_s16le", "sample_rate": RATE},
        "add_timestamps": True,
        "max_buffer_delay_ms": 0,
    }
    with client.tts.websocket_connect() as connection:
        context = connection.context(context_id="c-1", timeout=PATIENCE, **asked)
        context.push("Bonjour, ")
        context.no_more_inputs()
        context.cancel()


def elevenlabs(address):
    """Pipecat's service keeps alive the connection, and a context that it has begun, when its own task is due: here both are due at once."""
    from pipecat.services.elevenlabs.tts import ElevenLabsTTSService

    class KeptAlive(ElevenLabsTTSService):
        async def run_tts(self, text, context_id):
            await self._send_keepalive()
            async for frame in super().run_tts(text, context_id):
                yield frame
            await self._send_keepalive()

    vendor_voices.spoken_by_pipecat(vendor_voices.pipecat_voice(address, KeptAlive), ["Hello, Amy."])


def elevenlabs_types(address):
    """The package has types of these messages, and no client."""
    from elevenlabs import types
    from elevenlabs.url_utils import build_ws_url
    from websockets.sync.client import connect

    asked = {
        "model_id": "eleven_flash_v2_5",
        "language_code": "en",
        "output_format": "pcm_16000",
        "auto_mode": "true",
        "sync_alignment": "true",
        "inactivity_timeout": "180",
    }
    url = build_ws_url(f"ws://{address}", ["v1", "text-to-speech", "v1", "multi-stream-input"], asked)
    messages = [
        types.InitializeConnectionMulti(context_id="c-1"),
        types.SendTextMulti(text="Hello, ", context_id="c-1", flush=True),
        types.SendTextMulti(text="Amy. ", context_id="c-1", flush=True),
        types.KeepContextAlive(context_id="c-1"),
        types.CloseContext(context_id="c-1", close_context=True),
    ]
    with connect(url, additional_headers={"xi-api-key": KEY}) as socket:
        for message in messages:
            socket.send(message.json(exclude_none=True))


def sarvam_ears(address):
    from sarvamai import types

    asked = {"language_code": "pa-IN", "stream_type": "fast", "mode": "transcribe", "endpointing": "manual", "encoding": "linear16", "sample_rate": str(RATE)}
    names = ["Dr. Wong & Sons", "ਕੌਰ"]
    listening = vendor_ears.sarvam_client(address).speech_to_text_realtime_streaming
    with listening.connect(model="saaras:v4", keyterms=json.dumps(names, ensure_ascii=False, separators=(",", ":")), **asked) as socket:
        socket.send_realtime_speech_start(types.RealtimeSpeechStart(event="speech_start"))
        socket.send_realtime_audio_input(types.RealtimeAudioInput(event="audio_input", audio=AUDIO))
        socket.send_realtime_speech_end(types.RealtimeSpeechEnd(event="speech_end"))
        socket.send_realtime_config_update(types.RealtimeConfigUpdate(event="config.update", prompt="Wong, Kaur"))
        socket.send_realtime_config_update(types.RealtimeConfigUpdate(event="config.update", language_code="en-IN"))
        socket.send_realtime_ping(types.RealtimePing(event="ping"))
        socket.send_realtime_end(types.RealtimeEnd(event="end"))
    with listening.connect(model="saaras:v3-realtime", prompt=", ".join(names), **asked) as socket:
        socket.send_realtime_end(types.RealtimeEnd(event="end"))


def sarvam_voice(address):
    asked = {"target_language_code": "pa-IN", "speaker": "simran", "speech_sample_rate": RATE, "output_audio_codec": "linear16", "min_buffer_size": 30}
    with vendor_ears.sarvam_client(address).text_to_speech_streaming.connect(model="bulbul:v3", send_completion_event="true") as socket:
        socket.configure(**asked)
        socket.convert("ਸਤ ਸ੍ਰੀ ਅਕਾਲ।")
        socket.flush()
        socket.ping()


def qwen(address):
    voice, events = vendor_voices.qwen_client(address)
    voice.connect()
    voice.update_session(voice="Kiki", mode="commit", language_type="Chinese", sample_rate=RATE, audio_format="pcm")
    voice.append_text("你好。")
    voice.commit()
    while events.get(timeout=PATIENCE)["type"] != "response.done":
        pass
    voice.close()


def google(address, key_file):
    from google.cloud.speech_v2.types import cloud_speech

    client, metadata, _ = vendor_ears.google_speech(address, key_file)
    phrases = [cloud_speech.PhraseSet.Phrase(value=name, boost=10) for name in NAMES]
    sets = [cloud_speech.SpeechAdaptation.AdaptationPhraseSet(inline_phrase_set=cloud_speech.PhraseSet(phrases=phrases))]
    config = cloud_speech.RecognitionConfig(
        explicit_decoding_config=cloud_speech.ExplicitDecodingConfig(encoding="LINEAR16", sample_rate_hertz=RATE, audio_channel_count=1),
        model="chirp_3",
        language_codes=["yue-Hant-HK"],
        features=cloud_speech.RecognitionFeatures(enable_automatic_punctuation=True),
        adaptation=cloud_speech.SpeechAdaptation(phrase_sets=sets),
    )
    features = cloud_speech.StreamingRecognitionFeatures(interim_results=True)
    streaming = cloud_speech.StreamingRecognitionConfig(config=config, streaming_features=features)
    requests = [
        cloud_speech.StreamingRecognizeRequest(recognizer="projects/clinic-1/locations/us/recognizers/_", streaming_config=streaming),
        cloud_speech.StreamingRecognizeRequest(audio=SAMPLES),
    ]
    list(client.streaming_recognize(requests=iter(requests), metadata=metadata, timeout=PATIENCE))


def google_tts(address, key_file):
    from google.cloud import texttospeech_v1 as speech

    client, metadata = vendor_voices.google_voices(address, key_file)
    voice = speech.VoiceSelectionParams(language_code="yue-HK", name="yue-HK-Chirp3-HD-Kore")
    audio = speech.StreamingAudioConfig(audio_encoding=speech.AudioEncoding.PCM, sample_rate_hertz=RATE)
    requests = [
        speech.StreamingSynthesizeRequest(streaming_config=speech.StreamingSynthesizeConfig(voice=voice, streaming_audio_config=audio)),
        speech.StreamingSynthesizeRequest(input=speech.StreamingSynthesisInput(text="你好，Dr. Wong。")),
    ]
    list(client.streaming_synthesize(iter(requests), metadata=metadata, timeout=PATIENCE))


def azure(address):
    asyncio.run(vendor_voices.spoken_by_azure(address, "Bonjour, docteure.", name="fr-CA-SylvieNeural", language="fr-CA"))


def azure_stt(address):
    import azure.cognitiveservices.speech as speech

    config = speech.SpeechConfig(subscription=KEY, host=f"ws://{address}")
    config.speech_recognition_language = "en-CA"
    config.set_profanity(speech.ProfanityOption.Raw)
    stream = speech.audio.PushAudioInputStream(speech.audio.AudioStreamFormat(RATE, 16, 1))
    recognizer = speech.SpeechRecognizer(config, speech.audio.AudioConfig(stream=stream))
    phrases = speech.PhraseListGrammar.from_recognizer(recognizer)
    phrases.addPhrase(NAMES[0])
    over = queue.Queue()
    recognizer.session_stopped.connect(over.put)
    recognizer.start_continuous_recognition_async().get()
    # A fifth of a second, so that it is one turn.
    for piece in pieces(SAMPLES + VOICE[len(SAMPLES) : 2 * RATE // 5]):
        stream.write(piece)
    stream.close()
    over.get(timeout=PATIENCE)
    recognizer.stop_continuous_recognition_async().get()


RECORDED = [openai, openai_stt, openai_tts, anthropic, deepgram_nova, deepgram_flux, cartesia, elevenlabs, elevenlabs_types, sarvam_ears, sarvam_voice, qwen, google, google_tts, azure, azure_stt]

if __name__ == "__main__":
    vendor, address, *more = sys.argv[1:]
    wire = Wire(address)
    next(one for one in RECORDED if one.__name__ == vendor)(wire.address, *more)
    print("\n".join(wire.record(patience=2)))
