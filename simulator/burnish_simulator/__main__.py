"""`python -m burnish_simulator --host 127.0.0.1 --port 8800`: serve until SIGINT or SIGTERM."""

import argparse
import asyncio
import logging
import signal
import sys

import uvloop

from burnish_simulator.app import main
from burnish_simulator.settings import SimulatorSettings


def run(arguments: list[str]) -> None:
    """Parse the command line, whose options win over the environment, and serve."""
    parser = argparse.ArgumentParser(prog="burnish_simulator", description="OpenAI-compatible simulated models and scripted faults.")
    parser.add_argument("--host", help="address to listen on (127.0.0.1)")
    parser.add_argument("--port", type=int, help="port to listen on (0: any free one, named in the ready line)")
    parser.add_argument("--latency", type=float, dest="latency_ratio", help="share of the simulated latency that is waited (0)")
    given = {name: value for name, value in vars(parser.parse_args(arguments)).items() if value is not None}
    logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(message)s")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_until_signal(SimulatorSettings(**given)))


async def _until_signal(settings: SimulatorSettings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await main(stop, settings)


if __name__ == "__main__":
    run(sys.argv[1:])
