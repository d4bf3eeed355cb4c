"""Minimal service for the peers' triggers, with numbered jobs that run until the bench ends them.

``GET /calls`` returns the number of calls about jobs; ``PUT /ended`` with a number ends all jobs up to it.
"""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING, Any

import uvicorn

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send


class Stub:
    """ASGI application without a framework: CPU time of the stub slows down the measured triggers."""

    def __init__(self) -> None:
        self.calls = 0
        self.ended = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        content = json.dumps(self.answer(scope["path"], json.loads(body) if body else None)).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    def answer(self, path: str, body: Any) -> Any:
        if path == "/calls":
            return self.calls
        if path == "/ended":
            self.ended = body
            return None
        self.calls += 1
        if path == "/v1/describejobs":
            states = ((job, "SUCCEEDED" if int(job) <= self.ended else "RUNNING") for job in body["jobs"])
            return {"jobs": [{"jobId": job, "status": state} for job, state in states]}
        assert path == "/api/2.2/jobs/runs/get", path
        state = {"life_cycle_state": "RUNNING", "state_message": ""}
        if body["run_id"] <= self.ended:
            state.update(life_cycle_state="TERMINATED", result_state="SUCCESS")
        return {"run_id": body["run_id"], "run_page_url": "", "state": state}


if __name__ == "__main__":
    with socket.create_server(("127.0.0.1", 0), backlog=4096) as listener:
        print(listener.getsockname()[1], flush=True)
        # The real services keep connections alive this long; uvicorn's default of 5 s is less than one poll interval.
        config = uvicorn.Config(Stub(), log_config=None, access_log=False, lifespan="off", timeout_keep_alive=75)
        uvicorn.Server(config).run(sockets=[listener])
