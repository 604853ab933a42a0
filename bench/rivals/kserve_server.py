"""KServe's Python server with a model of a few lines."""

from kserve import InferOutput, InferResponse, Model, ModelServer

from onnx_session import arguments, open_session

file, port, http_port = arguments()


class OnnxModel(Model):
    def __init__(self):
        super().__init__("tiny_mlp")
        self._session = open_session(file)
        self.ready = True

    async def predict(self, payload, headers=None, response_headers=None):
        (output,) = self._session.run(["OUTPUT0"], {"INPUT0": payload.inputs[0].as_numpy()})
        result = InferOutput("OUTPUT0", list(output.shape), "FP32")
        result.set_data_from_numpy(output)
        return InferResponse(response_id=payload.id or "", model_name=self.name, infer_outputs=[result])


ModelServer(
    http_port=http_port,
    grpc_port=port,
    workers=1,
    enable_latency_logging=False,
    access_log_format="",
).start([OnnxModel()])
