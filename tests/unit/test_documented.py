"""The look at statuses sees what a route answers that its document does not name."""

import pytest
from fastapi import FastAPI, Response
from httpx import ASGITransport, AsyncClient

from tests.embedded import documented
from tests.embedded.documented import Documented, check_documented

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_status_that_openapi_does_not_name_fails_the_test() -> None:
    app = FastAPI()

    @app.get("/v1/models/{model:path}")
    async def known(status: int) -> Response:
        return Response(status_code=status)

    @app.get("/v1/nowhere")
    async def unknown() -> None:
        return None

    async with AsyncClient(transport=ASGITransport(Documented(app)), base_url="http://test") as client:
        for path in ("/v1/models/a/b?status=200", "/v1/models/a/b?status=404", "/elsewhere", "/openapi.json"):
            await client.get(path)
        check_documented()
        await client.get("/v1/models/a/b?status=418")
        await client.get("/v1/nowhere")
        with pytest.raises(AssertionError, match=r"(?s)/v1/models/\{model\} answered 418.*/v1/nowhere answered 200"):
            check_documented()
    assert not documented.undocumented, "told once"
