"""MLServer with a runtime of a few lines, in one process: its worker processes cost more than so small a model."""

import asyncio

from mlserver import MLModel, MLServer, ModelSettings, Settings
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceResponse

from onnx_session import arguments, open_session

file, port, http_port = arguments()


class OnnxModel(MLModel):
    async def load(self):
        self._session = open_session(file)
        return True

    async def predict(self, payload):
        rows = NumpyCodec.decode_input(payload.inputs[0])
        (output,) = self._session.run(["OUTPUT0"], {"INPUT0": rows})
        return InferenceResponse(model_name=self.name, outputs=[NumpyCodec.encode_output("OUTPUT0", output)])


settings = Settings(
    debug=False,
    parallel_workers=0,
    host="127.0.0.1",
    grpc_port=port,
    http_port=http_port,
    metrics_endpoint=None,
)
model = ModelSettings(name="tiny_mlp", implementation=OnnxModel)
asyncio.run(MLServer(settings).start([model]))
