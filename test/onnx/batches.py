"""The cases once more, as models that the server batches.

The cases have fixed shapes. Where the first dimension of all inputs and outputs is one number, it can be a free one.
"""

import onnx
from cases import Case

LARGEST = 64
"""The batch size with which such models are completed; cases with more rows are left as they are."""


def free_batches(cases, folder):
    """Copies of the cases that allow it, with that dimension free."""
    for case in cases:
        rows = _rows(case)
        if rows is None or not 0 < rows <= LARGEST:
            continue
        freed = folder / case.model
        freed.mkdir()
        onnx.save(_freed(case), freed / case.file.name)
        for data in case.file.parent.glob("test_data_set_*"):
            (freed / data.name).symlink_to(data)
        yield Case(case.kind, case.name, freed / case.file.name)


def _rows(case):
    """The size of the first dimension of everything, or None."""
    if case.kind == "light" or case.foreign() or not case.inputs:
        return None
    shapes = [value.type.tensor_type.shape.dim for value in (*case.inputs, *case.outputs)]
    firsts = {shape[0].dim_value if shape else 0 for shape in shapes}
    return firsts.pop() if len(firsts) == 1 else None


def _freed(case):
    model = onnx.ModelProto()
    model.CopyFrom(case.proto)
    names = {value.name for value in (*case.inputs, *case.outputs)}
    for value in (*model.graph.input, *model.graph.output):
        if value.name in names:
            value.type.tensor_type.shape.dim[0].dim_param = "batch"
    return model
