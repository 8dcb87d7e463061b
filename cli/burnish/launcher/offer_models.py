"""Offers the known models of every provider whose key the operator has in the environment: a first start then offers more than toys."""

import asyncio
import os
import sys
from typing import Any

import aiohttp

from burnish.counted import counted
from burnish.launcher.files import read_json
from burnish.launcher.home import Home
from burnish_shared.ids import new_uuid
from burnish_shared.providers import KEY_VARIABLES

PATIENCE_S = 30.0


def offer_models(home: Home) -> None:
    """What is offered already, or was described by somebody, stays as it is. That it failed is said, and keeps nobody from working."""
    connection = read_json(home.connection) or {}
    providers = [provider for provider, variable in KEY_VARIABLES.items() if os.environ.get(variable)]
    for provider, said in asyncio.run(_offer(connection, providers)) if providers and connection else ():
        print(f"{provider}: {said}", file=sys.stderr, flush=True)


async def _offer(connection: dict[str, Any], providers: list[str]) -> list[tuple[str, str]]:
    said: list[tuple[str, str]] = []
    headers = {"authorization": f"Bearer {connection['api_key']}"}
    async with aiohttp.ClientSession(headers=headers, timeout=aiohttp.ClientTimeout(total=PATIENCE_S), trust_env=False) as session:
        for provider in providers:
            try:
                url = f"{connection['url']}/v1/platform-models/known"
                async with session.post(url, json={"provider": provider}, headers={"idempotency-key": str(new_uuid())}) as answer:
                    body = await answer.json()
            except (aiohttp.ClientError, TimeoutError, ValueError) as error:
                said.append((provider, f"its known models could not be offered ({type(error).__name__})"))
                continue
            if answer.status != 200:
                said.append((provider, f"its known models are not offered: {body.get('error', {}).get('message', answer.status)}"))
            elif body["added"]:
                models = counted(len(body["added"]), "model is", "models are")
                said.append((provider, f"{models} offered now, with prices as of {body['as_of']}"))
    return said
