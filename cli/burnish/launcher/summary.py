"""What `burnish up` ends with."""

import json
import sys
from typing import Any

from burnish.launcher.home import Home, find_home


def show_connection(connection: dict[str, Any], *, home: Home, as_json: bool) -> None:
    """With `as_json` one object on standard output; else where Burnish is, the key, and what to try next, on standard error."""
    if as_json:
        print(json.dumps(connection), flush=True)
        return
    print(_text(connection, home=home), file=sys.stderr, flush=True)


def _text(connection: dict[str, Any], *, home: Home) -> str:
    url, key = connection["url"], connection["api_key"]
    where = "" if home == find_home() else f" --home {home.path}"
    return f"""
Burnish is ready.

  URL        {url}
  API key    {key}
  Workspace  {connection["workspace_id"]}
  Home       {home.path}

Try it:

  curl -s {url}/v1/chat/completions -H 'Authorization: Bearer {key}' -H 'Content-Type: application/json' \\
    -d '{{"model": "simulated/chat", "messages": [{{"role": "user", "content": "Hello!"}}]}}'

  burnish status{where}     burnish logs -f{where}     burnish demo{where}     burnish down{where}"""
