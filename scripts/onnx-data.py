"""Writes the test data of the installed onnx package, as test/onnx-data.ts reads it (HAIO_ONNX_DATA).

    python scripts/onnx-data.py DIR
"""

import os
import sys

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper
from onnx.backend.test.case.node import collect_testcases

WRITERS = {
    "map_type": numpy_helper.from_dict,
    "sequence_type": numpy_helper.from_list,
    "optional_type": numpy_helper.from_optional,
    "tensor_type": lambda x, name: x if isinstance(x, TensorProto) else numpy_helper.from_array(np.asarray(x), name),
}


def write(folder: str, kind: str, values, infos) -> None:
    for i, (value, info) in enumerate(zip(values, infos)):
        proto = WRITERS[info.type.WhichOneof("value")](value, info.name)
        with open(os.path.join(folder, f"{kind}_{i}.pb"), "wb") as file:
            file.write(proto.SerializeToString())


def main(root: str) -> None:
    for case in collect_testcases(None):
        folder = os.path.join(root, case.kind, case.name)
        os.makedirs(folder, exist_ok=True)
        onnx.save(case.model, os.path.join(folder, "model.onnx"))
        for i, (inputs, outputs) in enumerate(case.data_sets):
            data = os.path.join(folder, f"test_data_set_{i}")
            os.makedirs(data, exist_ok=True)
            write(data, "input", inputs, case.model.graph.input)
            write(data, "output", outputs, case.model.graph.output)


main(sys.argv[1])
