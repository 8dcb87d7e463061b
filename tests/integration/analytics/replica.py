"""One replica of analytics in a process that is forked from one that has imported everything: it is there in milliseconds."""

import base64
import multiprocessing
import os
from multiprocessing.process import BaseProcess

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["burnish_analytics.app", "tests.integration.analytics.replica"])


def start_replica(*, database_url: str, nats_url: str, metrics_port: int) -> BaseProcess:
    process = _FORKS.Process(target=_run, args=(database_url, nats_url, metrics_port), daemon=True)
    process.start()
    return process


def _run(database_url: str, nats_url: str, metrics_port: int) -> None:
    os.environ |= {
        "DATABASE_URL": database_url,
        "NATS_URL": nats_url,
        "BURNISH_KEK": base64.b64encode(bytes(32)).decode(),
        "BURNISH_PERIOD_MS": "50",
        "BURNISH_JOIN_INTERVAL_S": "0.2",
        "BURNISH_METRICS_PORT": str(metrics_port),
    }
    from burnish_analytics.app import main
    from burnish_shared.process import run_service

    run_service(main, service="analytics")
