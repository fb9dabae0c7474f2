"""What sessions with simulated vendors have in common: the sound that is said, the text that is spoken, and what must come of them."""

import array

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
