"""`python -m burnish_simulator --host 127.0.0.1 --port 18100`: serve until SIGINT or SIGTERM."""

import argparse
import sys
from collections.abc import Sequence
from functools import partial

from burnish_shared.process import run_service
from burnish_simulator.app import main
from burnish_simulator.settings import SimulatorSettings


def run(arguments: Sequence[str]) -> None:
    """Parse the command line, whose options win over the environment, and serve. The ready line on standard error names the URL."""
    parser = argparse.ArgumentParser(prog="burnish_simulator", description="OpenAI-compatible simulated models and scripted faults.")
    parser.add_argument("--host", help="address to listen on (127.0.0.1)")
    parser.add_argument("--port", type=int, help="port to listen on (0: any free one, named in the ready line)")
    parser.add_argument("--latency", type=float, dest="latency_ratio", help="share of the simulated latency that is waited (0)")
    given = {name: value for name, value in vars(parser.parse_args(arguments)).items() if value is not None}
    run_service(partial(main, settings=SimulatorSettings(**given)), service="simulator")


if __name__ == "__main__":
    run(sys.argv[1:])
