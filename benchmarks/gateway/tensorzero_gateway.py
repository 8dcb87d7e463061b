"""Runs in TensorZero's own environment: starts the HTTP gateway that its wheel brings along, prints its address, waits to be ended."""

import signal
import sys

from openai import OpenAI  # type: ignore[import-not-found,unused-ignore]
from tensorzero import patch_openai_client  # type: ignore[import-not-found,unused-ignore]

client = patch_openai_client(OpenAI(api_key="none"), config_file=sys.argv[1], async_setup=False)
print(f"listens {client.base_url}", flush=True)
signal.pause()
