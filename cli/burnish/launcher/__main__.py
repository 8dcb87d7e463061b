"""The launcher as a process of its own: `python -m burnish.launcher HOME OPTIONS` (options as JSON), which `up --detach` starts."""

import asyncio
import json
import sys
from pathlib import Path

from burnish.launcher.home import Home
from burnish.launcher.launch import Launch, Options
from burnish.launcher.report import Report


def main() -> int:
    home, options = Home(Path(sys.argv[1])), Options(**json.loads(sys.argv[2]))
    return asyncio.run(Launch(home, options, report=Report()).run())


if __name__ == "__main__":
    sys.exit(main())
