"""What `burnish up` ends with."""

import json
import os
import shlex
import shutil
import sys
from pathlib import Path
from typing import Any

from burnish.launcher.home import Home, find_home


def show_connection(connection: dict[str, Any], *, home: Home, as_json: bool) -> None:
    """With `as_json` one object on standard output; else where Burnish is, the key, and what to try next, on standard error."""
    if as_json:
        print(json.dumps(connection), flush=True)
        return
    print(_text(connection, home=home), file=sys.stderr, flush=True)


def command_name() -> str:
    """How this command is called from here: `burnish` where that is this one, else its path, such as `.venv/bin/burnish`."""
    own = Path(sys.executable).parent / "burnish"
    found = shutil.which("burnish")
    if not own.exists() or (found is not None and Path(found).absolute() == own):
        return "burnish"
    here = Path.cwd()
    return str(own.relative_to(here)) if own.is_relative_to(here) else str(own)


def _text(connection: dict[str, Any], *, home: Home) -> str:
    url, key, burnish = connection["url"], connection["api_key"], command_name()
    where = "" if home == find_home() else f" --home {shlex.quote(str(home.path))}"
    if os.environ.get("MAKELEVEL"):
        args = f' ARGS="{where.strip()}"' if where else ""
        commands = f"make logs{args}   make down{args}"
    else:
        commands = f"{burnish} status{where}   {burnish} logs -f{where}   {burnish} down{where}"
    return f"""
Burnish is ready.

  Page       {url}/app/
  Sign-in    {_sign_in(connection["admin"])}
  API        {url}/v1
  Workspace  {connection["workspace_id"]}
  Home       {home.path}

Try it:

  export URL={url}
  export KEY={key}

  curl -s $URL/v1/chat/completions -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' \\
    -d '{{"model": "simulated/chat", "messages": [{{"role": "user", "content": "Hello!"}}]}}'

  {burnish} demo{where}   drives the whole loop: execute, feedback, alert, optimize, prove, accept, notify
  {commands}"""


def _sign_in(admin: dict[str, str | None]) -> str:
    return f"{admin['email']}   {admin['password'] or '(the password that you chose)'}"
