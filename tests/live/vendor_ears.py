"""Recognisers by their vendors' own packages."""

import array
import base64
import queue

from vendor_models import openai_client
from vendor_session import PATIENCE, RATE, SAID, SILENCE, VOICE, expect, pieces, refused


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
