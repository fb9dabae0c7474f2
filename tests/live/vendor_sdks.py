#!/usr/bin/env python3
"""Completes a session with a simulated vendor, by that vendor's own Python package.

Usage: vendor_sdks.py VENDOR ADDRESS [KEY_FILE]
"""

import array
import base64
import queue
import sys
import time
import urllib.error
import urllib.request

RATE = 16_000
# A voice of 1.2 s: the simulated recognisers hear any as this sentence.
VOICE = array.array("h", [5_000] * (RATE * 12 // 10)).tobytes()
SILENCE = bytes(RATE)
SAID = "The caller has spoken."
TEXT = "One, two, three."
PATIENCE = 10


def expect(what, wanted, got):
    if wanted != got:
        raise SystemExit(f"{what}: wanted {wanted!r}, got {got!r}")


def expect_audio(audio, words=3):
    """16-bit samples that are not silence: the simulated voices take 0.1 s for a word."""
    if len(audio) < words * RATE // 5 or len(audio) % 2 or not any(audio):
        raise SystemExit(f"{len(audio)} bytes of audio")


def pieces(audio, size=3_200):
    return [audio[at : at + size] for at in range(0, len(audio), size)]


def refused(what, kinds, call):
    try:
        call()
    except kinds:
        return
    raise SystemExit(f"{what} is taken")


def openai_client(address):
    import openai

    return openai.OpenAI(base_url=f"http://{address}/v1", api_key="a-key", max_retries=0, timeout=PATIENCE)


def openai(address):
    import openai

    client = openai_client(address)
    asked = {"model": "a-model", "messages": [{"role": "system", "content": "You are a receptionist."}, {"role": "user", "content": "Hello?"}]}
    text, finish, usage = "", None, None
    for chunk in client.chat.completions.create(stream=True, stream_options={"include_usage": True}, **asked):
        usage = chunk.usage or usage
        for choice in chunk.choices:
            text += choice.delta.content or ""
            finish = choice.finish_reason or finish
    expect("the end", "stop", finish)
    if not text.startswith("Marker ") or usage is None or not usage.prompt_tokens or not usage.completion_tokens:
        raise SystemExit(f"{text!r}, {usage}")
    tools = [{"type": "function", "function": {"name": "end_call", "description": "Ends the call.", "parameters": {"type": "object", "properties": {}}}}]
    asked["messages"][1]["content"] = "Goodbye."
    named = []
    for chunk in client.chat.completions.create(stream=True, tools=tools, **asked):
        named += [call.function.name for choice in chunk.choices for call in choice.delta.tool_calls or []]
    expect("the tool", ["end_call"], [name for name in named if name])
    refused("no message", openai.BadRequestError, lambda: client.chat.completions.create(model="m", messages=[]))


def openai_stt(address):
    transcription = {"model": "gpt-live-transcribe", "languages": ["en"], "keywords": ["Wong"]}
    session = {"type": "transcription", "audio": {"input": {"format": {"type": "audio/pcm", "rate": 24_000}, "transcription": transcription, "turn_detection": None}}}
    voice = array.array("h", [5_000] * (24_000 * 12 // 10)).tobytes()
    with openai_client(address).realtime.connect(extra_query={"intent": "transcription"}) as connection:
        expect("the first message", "session.created", connection.recv().type)
        connection.session.update(session=session)
        expect("the second message", "session.updated", connection.recv().type)
        for _ in range(2):
            for piece in pieces(voice):
                connection.input_audio_buffer.append(audio=base64.b64encode(piece).decode())
            connection.input_audio_buffer.commit()
            words, committed = "", None
            while True:
                said = connection.recv()
                if said.type == "input_audio_buffer.committed":
                    committed = said.item_id
                elif said.type == "conversation.item.input_audio_transcription.delta":
                    words += said.delta
                elif said.type == "conversation.item.input_audio_transcription.completed":
                    break
                else:
                    raise SystemExit(f"{said}")
            expect("the item", committed, said.item_id)
            expect("the words", [SAID, SAID], [said.transcript, words])
            expect("what it cost", 1.2, said.usage.seconds)
        connection.input_audio_buffer.commit()
        expect("a commit of nothing", "input_audio_buffer_commit_empty", connection.recv().error.code)


def openai_tts(address):
    import openai

    def speak(**changed):
        asked = {"model": "gpt-4o-mini-tts", "voice": "marin", "input": TEXT, "response_format": "pcm", **changed}
        with openai_client(address).audio.speech.with_streaming_response.create(**asked) as response:
            return b"".join(response.iter_bytes())

    expect_audio(speak())
    refused("an unknown voice", openai.BadRequestError, lambda: speak(voice="nobody"))
    refused("no text", openai.BadRequestError, lambda: speak(input=""))


def anthropic(address):
    import anthropic

    client = anthropic.Anthropic(base_url=f"http://{address}", api_key="a-key", max_retries=0, timeout=PATIENCE)
    system = [{"type": "text", "text": "You are a receptionist. " * 300, "cache_control": {"type": "ephemeral"}}]
    asked = {"model": "claude-haiku-5-5", "max_tokens": 400, "thinking": {"type": "disabled"}, "inference_geo": "us", "system": system}

    def ask(messages, **more):
        with client.messages.stream(messages=messages, **asked, **more) as stream:
            return "".join(stream.text_stream), stream.get_final_message()

    hello = [{"role": "user", "content": "Hello?"}]
    text, message = ask(hello)
    expect("the end", "end_turn", message.stop_reason)
    usage = message.usage
    if not text.startswith("Marker ") or not usage.input_tokens or not usage.output_tokens or not usage.cache_creation_input_tokens:
        raise SystemExit(f"{text!r}, {usage}")
    cached = ask(hello)[1].usage.cache_read_input_tokens
    expect("what was cached", usage.cache_creation_input_tokens, cached)
    tools = [{"name": "end_call", "description": "Ends the call.", "input_schema": {"type": "object", "properties": {}}}]
    goodbye = [{"role": "user", "content": "Goodbye."}]
    _, message = ask(goodbye, tools=tools)
    expect("the end", "tool_use", message.stop_reason)
    call = message.content[-1]
    expect("the tool", ("tool_use", "end_call", {}), (call.type, call.name, call.input))
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "done"}
    done = [{"role": "assistant", "content": message.content}, {"role": "user", "content": [result, {"type": "text", "text": "Hello?"}]}]
    expect("the end", "end_turn", ask(goodbye + done, tools=tools)[1].stop_reason)
    whole = client.messages.create(messages=hello, **asked)
    expect("an answer in one piece", text.strip(), whole.content[0].text)
    refused("a call without its result", anthropic.BadRequestError, lambda: ask(goodbye + done[:1] + hello, tools=tools))
    refused("a temperature", anthropic.BadRequestError, lambda: ask(hello, extra_body={"temperature": 1.0}))
    refused("a beginning of the answer", anthropic.BadRequestError, lambda: ask(hello + [{"role": "assistant", "content": "I"}]))


def deepgram_client(address, key="a-key"):
    from deepgram import DeepgramClient
    from deepgram.environment import DeepgramClientEnvironment

    http, ws = f"http://{address}", f"ws://{address}"
    return DeepgramClient(api_key=key, environment=DeepgramClientEnvironment(base=http, production=ws, agent=ws, agent_rest=http))


def deepgram_nova(address):
    from deepgram.core.api_error import ApiError

    asked = {"model": "nova-3", "language": "en", "encoding": "linear16", "sample_rate": RATE, "channels": 1, "interim_results": True, "punctuate": True}
    with deepgram_client(address).listen.v1.connect(**asked) as socket:
        for piece in pieces(VOICE + SILENCE):
            socket.send_media(piece)
        socket.send_keep_alive()
        socket.send_finalize()
        finals, interim = [], False
        while True:
            said = socket.recv()
            if said.type != "Results":
                continue
            text = said.channel.alternatives[0].transcript
            interim |= bool(text) and not said.is_final
            if said.is_final and text:
                finals.append(text)
            if said.from_finalize:
                break
        expect("the words", SAID, " ".join(finals))
        expect("an interim result", True, interim)
        socket.send_close_stream()
        while said.type != "Metadata":
            said = socket.recv()

    def without_a_key():
        with deepgram_client(address, "").listen.v1.connect(**asked):
            pass

    refused("an empty key", Exception, without_a_key)


def deepgram_flux(address):
    with deepgram_client(address).listen.v2.connect(model="flux-general-en", encoding="linear16", sample_rate=RATE, eot_threshold=0.7) as socket:
        expect("the first message", "Connected", socket.recv().type)
        for piece in pieces(VOICE + 4 * SILENCE):
            socket.send_media(piece)
        seen = []
        while True:
            said = socket.recv()
            seen.append(said.event if said.type == "TurnInfo" else said.type)
            if seen[-1] == "EndOfTurn":
                break
        expect("the words", SAID, said.transcript)
        if "StartOfTurn" not in seen or "Update" not in seen:
            raise SystemExit(f"{seen}")
        socket.send_close_stream()


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


def elevenlabs(address):
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


def sarvam_client(address):
    from sarvamai import SarvamAI
    from sarvamai.environment import SarvamAIEnvironment

    http, ws = f"http://{address}", f"ws://{address}"
    return SarvamAI(api_subscription_key="a-key", environment=SarvamAIEnvironment(base=http, creative=http, production=ws))


def sarvam_ears(address):
    from sarvamai import types

    asked = {"language_code": "pa-IN", "model": "saaras:v4", "endpointing": "manual", "encoding": "linear16", "sample_rate": str(RATE)}
    with sarvam_client(address).speech_to_text_realtime_streaming.connect(**asked) as socket:
        expect("the first message", "session.begin", socket.recv().event)
        socket.send_realtime_ping(types.RealtimePing(event="ping"))
        socket.send_realtime_speech_start(types.RealtimeSpeechStart(event="speech_start"))
        for piece in pieces(VOICE):
            audio = base64.b64encode(piece).decode()
            socket.send_realtime_audio_input(types.RealtimeAudioInput(event="audio_input", audio=audio))
        socket.send_realtime_speech_end(types.RealtimeSpeechEnd(event="speech_end"))
        seen = []
        while True:
            said = socket.recv()
            seen.append(said.event)
            if said.event == "transcript.final":
                break
        expect("the words", SAID, said.text)
        if "pong" not in seen or "transcript.partial" not in seen:
            raise SystemExit(f"{seen}")
        socket.send_realtime_end(types.RealtimeEnd(event="end"))


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
    # Without blanks it is one word to a simulated voice.
    expect_audio(audio, words=1)
    expect("the first messages", ["session.created", "session.updated"], seen[:2])
    voice.finish()
    while seen[-1] != "session.finished":
        seen.append(events.get(timeout=PATIENCE)["type"])
    voice.close()


def google_account(key_file, service):
    """The account, and the header of its calls of this service."""
    import json

    from google.oauth2 import service_account

    with open(key_file, encoding="utf-8") as file:
        account = service_account.Credentials.from_service_account_info(json.load(file), always_use_jwt_access=True)
    # As google.auth.transport.grpc does it for the host of a service; over a channel without TLS it would not.
    account._create_self_signed_jwt(f"https://{service}.googleapis.com/")
    headers = {}
    account.refresh(None)
    account.apply(headers)
    return account, headers


def google_speech(address, key_file):
    """The client, who asks, and for which project."""
    import grpc
    from google.cloud.speech_v2 import SpeechClient
    from google.cloud.speech_v2.services.speech.transports import SpeechGrpcTransport

    account, headers = google_account(key_file, "speech")
    client = SpeechClient(transport=SpeechGrpcTransport(channel=grpc.insecure_channel(address)))
    return client, (("authorization", headers["authorization"]),), account.project_id


def google(address, key_file):
    from google.api_core import exceptions
    from google.cloud.speech_v2.types import cloud_speech

    client, caller, project = google_speech(address, key_file)
    features = cloud_speech.StreamingRecognitionFeatures(interim_results=True)
    decoding = cloud_speech.ExplicitDecodingConfig(encoding="LINEAR16", sample_rate_hertz=RATE, audio_channel_count=1)

    def requests(code, audio, size):
        config = cloud_speech.RecognitionConfig(explicit_decoding_config=decoding, model="chirp_3", language_codes=[code])
        streaming = cloud_speech.StreamingRecognitionConfig(config=config, streaming_features=features)
        recognizer = f"projects/{project}/locations/us/recognizers/_"
        yield cloud_speech.StreamingRecognizeRequest(recognizer=recognizer, streaming_config=streaming)
        for piece in pieces(audio, size):
            yield cloud_speech.StreamingRecognizeRequest(audio=piece)

    def recognize(code, audio, size=3_200, metadata=caller):
        return list(client.streaming_recognize(requests=requests(code, audio, size), metadata=metadata, timeout=PATIENCE))

    heard = recognize("en-US", VOICE + SILENCE)
    results = [result for response in heard for result in response.results]
    expect("the words", SAID, " ".join(result.alternatives[0].transcript for result in results if result.is_final))
    expect("an interim result", True, any(not result.is_final for result in results))
    expect("its language", "en-US", results[0].language_code)
    expect("its end", True, 0.9 < results[-1].result_end_offset.total_seconds() <= 1.2)
    expect("its cost", 2.0, heard[-1].metadata.total_billed_duration.total_seconds())
    expect("a silence", [], recognize("pa-Guru-IN", SILENCE))
    refused("no token", exceptions.Unauthenticated, lambda: recognize("en-US", VOICE, metadata=()))
    refused("an unknown language", exceptions.InvalidArgument, lambda: recognize("xx-XX", VOICE))
    refused("a message of 32,000 bytes", exceptions.InvalidArgument, lambda: recognize("en-US", VOICE, size=32_000))


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


def azure(address):
    """Microsoft's package speaks a protocol of its own; this is the request of the page on the REST interface."""
    ssml = f"<speak version='1.0' xml:lang='en-CA'><voice xml:lang='en-CA' name='en-CA-ClaraNeural'>{TEXT}</voice></speak>"

    def ask(**changed):
        headers = {
            "Ocp-Apim-Subscription-Key": "a-key",
            "Content-Type": "application/ssml+xml",
            "X-Microsoft-OutputFormat": "raw-16khz-16bit-mono-pcm",
            "User-Agent": "a-clinic",
            **{name.replace("_", "-"): value for name, value in changed.items()},
        }
        request = urllib.request.Request(f"http://{address}/cognitiveservices/v1", data=ssml.encode(), headers=headers)
        with urllib.request.urlopen(request, timeout=PATIENCE) as response:
            return response.read()

    expect_audio(ask())
    refused("no key", urllib.error.HTTPError, lambda: ask(Ocp_Apim_Subscription_Key=""))
    refused("an unknown format", urllib.error.HTTPError, lambda: ask(X_Microsoft_OutputFormat="raw-unknown"))


def azure_stt(address):
    import azure.cognitiveservices.speech as speech

    def recognize(key="a-key", language="en-CA"):
        config = speech.SpeechConfig(subscription=key, host=f"ws://{address}")
        config.speech_recognition_language = language
        stream = speech.audio.PushAudioInputStream(speech.audio.AudioStreamFormat(RATE, 16, 1))
        recognizer = speech.SpeechRecognizer(config, speech.audio.AudioConfig(stream=stream))
        phrases = speech.PhraseListGrammar.from_recognizer(recognizer)
        phrases.addPhrase("Wong")
        events = queue.Queue()
        recognizer.recognizing.connect(lambda event: events.put(("so far", event.result.text)))
        recognizer.recognized.connect(lambda event: events.put(("words", event.result)))
        recognizer.canceled.connect(lambda event: events.put(("canceled", event.cancellation_details)))
        recognizer.start_continuous_recognition_async().get()
        for piece in pieces(VOICE + SILENCE):
            stream.write(piece)
        stream.close()
        seen = []
        while not seen or seen[-1][0] != "canceled":
            seen.append(events.get(timeout=PATIENCE))
        recognizer.stop_continuous_recognition_async().get()
        return seen

    for language in ("en-CA", "zh-HK"):
        seen = recognize(language=language)
        results = [result for kind, result in seen if kind == "words"]
        expect("the words", [SAID], [result.text for result in results if result.text])
        expect("the end", speech.CancellationReason.EndOfStream, seen[-1][1].reason)
        if not any(kind == "so far" for kind, _ in seen) or results[0].duration <= 0:
            raise SystemExit(f"{seen}")
    details = recognize(language="xx-XX")[-1][1]
    expect("an unknown language", speech.CancellationReason.Error, details.reason)


VENDORS = [openai, anthropic, openai_stt, openai_tts, deepgram_nova, deepgram_flux, cartesia, elevenlabs, sarvam_ears, sarvam_voice, qwen, google, google_tts, azure, azure_stt]

if __name__ == "__main__":
    vendor, address, *more = sys.argv[1:]
    began = time.monotonic()
    next(one for one in VENDORS if one.__name__ == vendor)(address, *more)
    print(f"{vendor}: a whole session in {time.monotonic() - began:.1f} s")
