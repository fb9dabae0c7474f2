#!/usr/bin/env python3
"""Completes a session with a simulated vendor, by that vendor's own Python package, or by LiveKit's or Pipecat's where it has none.

Usage: vendor_sdks.py VENDOR ADDRESS [KEY_FILE]
"""

import sys
import time

from vendor_ears import azure_stt, deepgram_flux, deepgram_nova, google, openai_stt, sarvam_ears
from vendor_models import anthropic, openai
from vendor_voices import azure, cartesia, elevenlabs, elevenlabs_types, google_tts, openai_tts, qwen, sarvam_voice

VENDORS = [openai, anthropic, openai_stt, openai_tts, deepgram_nova, deepgram_flux, cartesia, elevenlabs, elevenlabs_types, sarvam_ears, sarvam_voice, qwen, google, google_tts, azure, azure_stt]

if __name__ == "__main__":
    vendor, address, *more = sys.argv[1:]
    began = time.monotonic()
    next(one for one in VENDORS if one.__name__ == vendor)(address, *more)
    print(f"{vendor}: a whole session in {time.monotonic() - began:.1f} s")
