"""FastAPI as one writes it for speed: the body is the tensor, the model runs in the handler."""

import numpy as np
import uvicorn
from fastapi import FastAPI, Request, Response

from onnx_session import arguments, open_session

file, port, _ = arguments()
session = open_session(file)
app = FastAPI()


@app.post("/infer")
async def infer(request: Request) -> Response:
    rows = np.frombuffer(await request.body(), dtype=np.float32).reshape(-1, 64)
    (output,) = session.run(["OUTPUT0"], {"INPUT0": rows})
    return Response(output.tobytes(), media_type="application/octet-stream")


uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", access_log=False)
