"""FastAPI as one writes it for JSON: the body is parsed, its list becomes an array, the model runs in the handler."""

import numpy as np
import uvicorn
from fastapi import FastAPI, Request

from onnx_session import arguments, open_session

file, port, _ = arguments()
session = open_session(file)
app = FastAPI()


@app.post("/infer")
async def infer(request: Request):
    body = await request.json()
    tensor = body["inputs"][0]
    data = np.array(tensor["data"], dtype=np.float32).reshape(tensor["shape"])
    (output,) = session.run(["OUTPUT0"], {"INPUT0": data})
    return {"outputs": [{"name": "OUTPUT0", "shape": list(output.shape), "data": output.ravel().tolist()}]}


uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", access_log=False)
