"""ONNX files that are damaged or mean harm: refused in a sentence, before they can do any."""

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, helper, numpy_helper

from latentviewer.domain.errors import UnsafeFileError, UserError
from latentviewer.domain.importing import Offer
from latentviewer.engine.importing.onnx import network
from latentviewer.engine.importing.onnx.importer import ONNX
from tests.engine.importing.onnx_nets import FLOAT, decoder, encoder, model, save, weights

OUT = weights(3, 24)


def plain() -> ModelProto:
    return decoder(["b", 3], OUT, (1, 6, 4), "Sigmoid")


def offer(path: Path, **answers: str) -> Offer:
    return ONNX.offer(path, answers)


def refusal(path: Path, kind: type[UserError] = UserError) -> str:
    """The sentence that refuses a file, which opening it gives as well."""
    assert ONNX.recognises(path)
    with pytest.raises(UserError) as caught:
        offer(path)
    assert type(caught.value) is kind, caught.value
    sentence = str(caught.value)
    assert sentence.endswith(".")
    assert sentence.isprintable()
    assert str(path) in sentence
    with pytest.raises(kind) as again:
        ONNX.open(path, {}, "cpu")
    assert str(again.value) == sentence
    return sentence


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def elsewhere(tensor: TensorProto, **places: str) -> TensorProto:
    """The tensor, said to lie in another file."""
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    del tensor.external_data[:]
    for key, value in places.items():
        entry = tensor.external_data.add()
        entry.key, entry.value = key, value
    return tensor


def weight(net: ModelProto) -> TensorProto:
    return next(t for t in net.graph.initializer if t.name == "w")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"hello", "is no ONNX model"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "is no ONNX model"),
        (bytes(4096), "no field begins at byte 0"),
        (b"\xff" * 4096, "is no ONNX model"),
        (b"\x08\x08", "there is no graph in it"),
        (b"\x3a\x00", "there is no graph in it"),
        (b"\x3a\xff\xff\xff\xff\x7f", "a length at byte 0 goes past the end"),
        (b"\x08\x08\x3b\x01", "an unknown kind of field at byte 2"),
        (b"\x08" + b"\xff" * 12, "a number at byte 1 has no end"),
        # A tag beyond 32 bits, of which some readers see only the lower ones.
        (b"\xba\x80\x80\x80\x10\x00", "no field begins at byte 0"),
        (b"\x08\x01" * 2_000_001, "more than 2,000,000 fields"),
        (b"\x08\x00\x00\x00ORTM" + bytes(64), "is in onnxruntime's own format"),
    ],
)
def test_what_is_no_onnx_file(tmp_path: Path, content: bytes, reason: str) -> None:
    assert reason in refusal(written(tmp_path / "x.onnx", content))


def test_a_file_of_onnxruntimes_own(tmp_path: Path) -> None:
    assert "is in onnxruntime's own format" in refusal(written(tmp_path / "x.ort", b"anything"))


@pytest.mark.parametrize("content", [pickle.dumps({"a": 1}), b"PK\x03\x04" + bytes(60)])
def test_a_pickle_by_another_name(tmp_path: Path, content: bytes) -> None:
    assert "can run code" in refusal(written(tmp_path / "x.onnx", content), UnsafeFileError)


def test_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.onnx")
    assert "is a pipe or a device" in refusal(tmp_path / "x.onnx")


@pytest.mark.parametrize("kept", [0.02, 0.3, 0.6, 0.9])
def test_a_file_that_is_cut_short(tmp_path: Path, kept: float) -> None:
    content = plain().SerializeToString()
    path = written(tmp_path / "x.onnx", content[: int(kept * len(content))])
    assert "is no ONNX model, or is damaged" in refusal(path)


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    places=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=5)
)
def test_no_damage_gives_more_than_a_sentence(
    tmp_path: Path, places: list[tuple[int, int]]
) -> None:
    content = bytearray(plain().SerializeToString())
    for place, byte in places:
        content[place % len(content)] = byte
    path = written(tmp_path / "x.onnx", bytes(content))
    try:
        found = offer(path)
    except UserError as error:
        sentence = str(error)
    else:
        sentence = (found.missing or found.found)[0]
    assert sentence.endswith(".")
    assert sentence.isprintable()


def in_graph(tensor: TensorProto) -> ModelProto:
    net = plain()
    net.graph.initializer.append(tensor)
    return net


def in_attribute(tensor: TensorProto) -> ModelProto:
    net = plain()
    net.graph.node.append(helper.make_node("Constant", [], ["k"], value=tensor))
    return net


def in_attribute_list(tensor: TensorProto) -> ModelProto:
    net = plain()
    net.graph.node.append(helper.make_node("Constant", [], ["k"], several=[tensor]))
    return net


def in_subgraph(tensor: TensorProto) -> ModelProto:
    net = plain()
    inner = GraphProto(name="g", initializer=[tensor])
    net.graph.node.append(helper.make_node("If", ["c"], ["k"], then_branch=inner))
    return net


def in_subgraph_list(tensor: TensorProto) -> ModelProto:
    net = plain()
    inner = GraphProto(name="g", initializer=[tensor])
    net.graph.node.append(helper.make_node("If", ["c"], ["k"], several=[inner]))
    return net


def sparse(tensor: TensorProto) -> Any:
    made = helper.make_sparse_tensor(
        numpy_helper.from_array(np.float32([1]), "v"), numpy_helper.from_array(np.int64([0])), [9]
    )
    made.values.CopyFrom(tensor)
    return made


def in_sparse(tensor: TensorProto) -> ModelProto:
    net = plain()
    net.graph.sparse_initializer.append(sparse(tensor))
    return net


def in_sparse_attribute(tensor: TensorProto) -> ModelProto:
    net = plain()
    net.graph.node.append(helper.make_node("Constant", [], ["k"], sparse_value=sparse(tensor)))
    return net


def in_function(tensor: TensorProto) -> ModelProto:
    net = plain()
    node = helper.make_node("Constant", [], ["k"], value=tensor)
    opsets = [helper.make_opsetid("", 17)]
    net.functions.append(helper.make_function("own", "f", [], ["k"], [node], opsets))
    return net


def in_function_default(tensor: TensorProto) -> ModelProto:
    net = in_function(numpy_helper.from_array(np.float32([1])))
    net.functions[0].attribute_proto.append(helper.make_attribute("a", tensor))
    return net


def in_training(tensor: TensorProto) -> ModelProto:
    net = plain()
    net.training_info.add().algorithm.initializer.append(tensor)
    return net


PLACES = [
    in_graph,
    in_attribute,
    in_attribute_list,
    in_subgraph,
    in_subgraph_list,
    in_sparse,
    in_sparse_attribute,
    in_function,
    in_function_default,
    in_training,
]


@pytest.mark.parametrize("put", PLACES)
def test_weights_outside_the_folder_wherever_they_are_named(
    tmp_path: Path, put: Callable[[TensorProto], ModelProto]
) -> None:
    tensor = elsewhere(numpy_helper.from_array(OUT, "secret"), location="/etc/passwd")
    path = save(tmp_path / "x.onnx", put(tensor))
    sentence = refusal(path, UnsafeFileError)
    assert "tensor “secret” lies in “/etc/passwd”, which is not in the folder" in sentence


@pytest.mark.parametrize("put", PLACES[1:])
def test_weights_beside_the_model_are_the_main_graphs(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    put: Callable[[TensorProto], ModelProto],
) -> None:
    # onnxruntime looks for others in the working folder, and takes what it finds there.
    (tmp_path / "w.bin").write_bytes(OUT.tobytes())
    monkeypatch.chdir(tmp_path)
    tensor = elsewhere(numpy_helper.from_array(OUT, "t"), location="w.bin")
    sentence = refusal(save(tmp_path / "x.onnx", put(tensor)))
    assert "tensor “t” lies in another file and is not one of the graph's own" in sentence


@pytest.mark.parametrize("put", PLACES)
def test_sizes_that_are_claimed_wherever_they_are(
    tmp_path: Path, put: Callable[[TensorProto], ModelProto]
) -> None:
    tensor = numpy_helper.from_array(OUT, "huge")
    tensor.dims[:] = [10**6, 10**6]
    sentence = refusal(save(tmp_path / "x.onnx", put(tensor)))
    assert "claims 4,000,000,000,000 bytes" in sentence or "stored sparsely" in sentence


@pytest.mark.parametrize(
    "location",
    [
        "../x",
        "sub/../../x",
        "sub/../d.onnx",
        "..",
        "",
        "C:\\x",
        "C:x",
        "..\\x",
        "\\\\host\\x",
        "x\0y",
        "x\ny",
        "*/_ORT_MEM_ADDR_/*",
        "\ufffd",
    ],
)
def test_places_outside_the_folder(tmp_path: Path, location: str) -> None:
    # Even where such a file is there.
    (tmp_path / "x").write_bytes(OUT.tobytes())
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "*" / "_ORT_MEM_ADDR_").mkdir(parents=True)
    (folder / "*" / "_ORT_MEM_ADDR_" / "*").write_bytes(OUT.tobytes())
    net = plain()
    elsewhere(weight(net), location=location, offset="0")
    sentence = refusal(save(folder / "d.onnx", net), UnsafeFileError)
    assert "tensor “w” lies in" in sentence


def test_links_that_lead_out(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "w.bin").write_bytes(OUT.tobytes())
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "w.bin").symlink_to(outside / "w.bin")
    (folder / "sub").symlink_to(outside)
    for location in ("w.bin", "sub/w.bin"):
        net = plain()
        elsewhere(weight(net), location=location)
        path = save(folder / "d.onnx", net)
        assert "which is not in the folder" in refusal(path, UnsafeFileError)
    # A link that stays inside is as good as the file.
    (folder / "w.bin").unlink()
    (folder / "real.bin").write_bytes(OUT.tobytes())
    (folder / "w.bin").symlink_to(folder / "real.bin")
    net = plain()
    elsewhere(weight(net), location="w.bin")
    assert offer(save(folder / "d.onnx", net)).latent_dim == 3


def test_links_to_models_outside_their_folder(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    real = save(tmp_path / "real.onnx", plain())
    save(folder / "encoder.onnx", encoder(["b", 1, 6, 4], {"mean": weights(24, 3)}))
    (folder / "decoder.onnx").symlink_to(real)
    with pytest.raises(UnsafeFileError, match=r"decoder\.onnx is a link to a file outside"):
        offer(folder)
    # Named itself, a link is what the user chose; beside another file it is not followed.
    assert offer(folder / "encoder.onnx").found[-1].startswith("An encoder")
    assert offer(folder / "decoder.onnx").latent_dim == 3


@pytest.mark.parametrize(
    ("places", "reason"),
    [
        ({"location": "none.bin"}, "lies in the file “none.bin”, which is not there"),
        ({"location": "."}, "lies in the file “.”, which is not there"),
        ({"location": "w.bin", "offset": "4"}, "takes 288 bytes, which “w.bin” does not have"),
        ({"location": "w.bin", "offset": "-4"}, "does not have from byte -4 on"),
        ({"location": "w.bin", "offset": "9" * 30}, "does not have from byte"),
        ({"location": "w.bin", "length": "12"}, "takes 288 bytes"),
        ({"location": "w.bin", "length": "x"}, "takes 288 bytes"),
        ({"location": "w.bin", "prepacked_0": "x|0|1|y"}, "says “prepacked_0” of where it lies"),
    ],
)
def test_places_that_cannot_be(tmp_path: Path, places: dict[str, str], reason: str) -> None:
    (tmp_path / "w.bin").write_bytes(OUT.tobytes())
    net = plain()
    elsewhere(weight(net), **places)
    assert reason in refusal(save(tmp_path / "d.onnx", net))


def test_a_tensor_that_names_two_places(tmp_path: Path) -> None:
    (tmp_path / "w.bin").write_bytes(OUT.tobytes())
    net = plain()
    tensor = elsewhere(weight(net), location="w.bin")
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "../w.bin"
    assert "names two places as its location" in refusal(save(tmp_path / "d.onnx", net))


def test_weights_beside_the_model_need_a_newer_onnxruntime(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "w.bin").write_bytes(OUT.tobytes())
    net = plain()
    elsewhere(weight(net), location="w.bin")
    # Options that cannot be given weights, as those of older releases.
    monkeypatch.setattr(network, "_options", lambda *_: object())
    assert "takes onnxruntime 1.24 or newer" in refusal(save(tmp_path / "d.onnx", net))


def test_many_tensors_on_the_same_bytes(tmp_path: Path) -> None:
    (tmp_path / "w.bin").write_bytes(OUT.tobytes())
    net = plain()
    for index in range(9):
        tensor = numpy_helper.from_array(OUT, f"t{index}")
        net.graph.initializer.append(elsewhere(tensor, location="w.bin"))
    assert "tensors claim 2,592 bytes of the 288" in refusal(save(tmp_path / "d.onnx", net))


def test_a_file_that_changes_while_it_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(tmp_path / "d.onnx", plain())
    read = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda self: read(self) + b"\x08\x08")
    assert "has changed while it was opened" in refusal(path)


def test_lies_about_lengths(tmp_path: Path) -> None:
    net = plain()
    weight(net).dims[:] = [3, 25]
    sentence = refusal(save(tmp_path / "x.onnx", net))
    assert "tensor “w” claims 75 numbers, and 288 bytes of them are there" in sentence
    net = plain()
    net.graph.initializer.append(TensorProto(name="none", data_type=FLOAT, dims=[400_000_000]))
    assert "tensor “none” claims 400,000,000 numbers" in refusal(save(tmp_path / "x.onnx", net))
    net = plain()
    weight(net).dims[:] = [3, -24]
    assert "tensor “w” has an axis of -24" in refusal(save(tmp_path / "x.onnx", net))
    net = plain()
    weight(net).dims[:] = [1] * 40
    assert "a tensor of more than 32 axes" in refusal(save(tmp_path / "x.onnx", net))
    net = plain()
    weight(net).data_type = 77
    assert "tensor “w” has the unknown data type 77" in refusal(save(tmp_path / "x.onnx", net))


def test_arrays_that_would_be_too_large(tmp_path: Path) -> None:
    path = save(tmp_path / "x.onnx", encoder([1, 3, 10**6, 10**6], {"z": weights(3, 2)}))
    assert "array “x” would take 12,000,000,000,000 bytes" in refusal(path)
    path = save(tmp_path / "x.onnx", encoder(["b", 3, 20_000, 2], {"z": weights(3, 2)}))
    assert "larger than are shown" in offer(path).missing[0]
    path = save(tmp_path / "x.onnx", encoder(["b", 3, "h", "w"], {"z": weights(3, 2)}))
    assert "larger than are shown" in offer(path, height="999999999999").missing[0]


def bomb(*nodes: NodeProto, **constants: Any) -> ModelProto:
    """A decoder that adds the largest of an array that the nodes make, `big`."""
    all_nodes = [
        *nodes,
        helper.make_node("ReduceMax", ["big"], ["most"], keepdims=0),
        helper.make_node("MatMul", ["z", "w"], ["row"]),
        helper.make_node("Add", ["row", "most"], ["sum"]),
        helper.make_node("Reshape", ["sum", "shape"], ["picture"]),
    ]
    held = {"w": OUT, "shape": np.array([-1, 1, 6, 4], np.int64), **constants}
    return model(all_nodes, {"z": ["b", 3]}, {"picture": ["b", 1, 6, 4]}, held)


@pytest.mark.parametrize(
    "net",
    [
        bomb(
            helper.make_node("ConstantOfShape", ["s"], ["big"]),
            s=np.array([40_000, 40_000], np.int64),
        ),
        bomb(
            helper.make_node("Expand", ["one", "s"], ["big"]),
            one=np.float32([1]),
            s=np.array([40_000, 40_000], np.int64),
        ),
        bomb(
            helper.make_node("Tile", ["one", "s"], ["big"]),
            one=np.ones((2, 2), np.float32),
            s=np.array([40_000, 40_000], np.int64),
        ),
    ],
    ids=["ConstantOfShape", "Expand", "Tile"],
)
def test_what_swells_when_it_runs(tmp_path: Path, net: ModelProto) -> None:
    path = save(tmp_path / "d.onnx", net)
    (sentence,) = offer(path).missing
    assert "a first try of it with 3 values failed" in sentence
    assert sentence.isprintable()


def test_a_loop_without_an_end_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "_LONGEST_RUN_S", 0.2)
    values = [
        helper.make_tensor_value_info("i", TensorProto.INT64, []),
        helper.make_tensor_value_info("on", TensorProto.BOOL, []),
        helper.make_tensor_value_info("v", FLOAT, ["b", 3]),
    ]
    results = [
        helper.make_tensor_value_info("still", TensorProto.BOOL, []),
        helper.make_tensor_value_info("next", FLOAT, ["b", 3]),
    ]
    body = helper.make_graph(
        [helper.make_node("Identity", ["on"], ["still"]), helper.make_node("Sin", ["v"], ["next"])],
        "body",
        values,
        results,
    )
    loop = helper.make_node("Loop", ["", "true", "z"], ["big"], body=body)
    path = save(tmp_path / "d.onnx", bomb(loop, true=np.array(True)))
    assert "it took longer than 0 seconds" in offer(path).missing[0]


@pytest.mark.parametrize(
    "node",
    [
        helper.make_node("Cast", ["z"], ["text"], to=TensorProto.STRING),
        helper.make_node("Constant", [], ["text"], value_string="a"),
        helper.make_node("Constant", [], ["text"], value_strings=["a", "b"]),
        helper.make_node("LabelEncoder", ["z"], ["text"], domain="ai.onnx.ml", values_strings="a"),
        helper.make_node(
            "Constant", [], ["text"], value=helper.make_tensor("t", TensorProto.STRING, [1], [b"a"])
        ),
    ],
)
def test_texts_that_could_swell(tmp_path: Path, node: NodeProto) -> None:
    net = plain()
    net.graph.node.insert(0, node)
    assert "holds or makes texts" in refusal(save(tmp_path / "x.onnx", net))


def called(domain: str, op: str) -> ModelProto:
    node = helper.make_node(op, ["z"], ["big"], domain=domain)
    net = bomb(node)
    net.opset_import.append(helper.make_opsetid(domain, 1))
    return net


@pytest.mark.parametrize(
    ("domain", "op"),
    [
        ("ai.onnx.contrib", "PyOp"),
        ("my.ops", "Anything"),
        ("com.microsoft", "EPContext"),
        ("com.microsoft", "PythonOp"),
        ("org.pytorch.aten", "ATen"),
        ("trt.plugins", "Plugin"),
    ],
)
def test_operators_of_native_code(tmp_path: Path, domain: str, op: str) -> None:
    sentence = refusal(save(tmp_path / "x.onnx", called(domain, op)), UnsafeFileError)
    assert f"uses the operator “{op}” of “{domain}”" in sentence
    # Within a function or a graph of an attribute as well.
    inner = helper.make_node(op, ["z"], ["k"], domain=domain)
    net = plain()
    body = GraphProto(name="g", node=[inner])
    net.graph.node.append(helper.make_node("If", ["c"], ["k"], then_branch=body))
    assert f"“{op}”" in refusal(save(tmp_path / "x.onnx", net), UnsafeFileError)


def test_an_operator_that_does_not_exist(tmp_path: Path) -> None:
    sentence = refusal(
        save(tmp_path / "x.onnx", bomb(helper.make_node("Nonsense", ["z"], ["big"])))
    )
    assert "is refused by onnxruntime" in sentence
    assert "Nonsense" in sentence


def functions(calls: int, depth: int, *, circle: bool = False) -> ModelProto:
    """Each function calls the next so many times."""
    net = called("own", "f0")
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)]
    for level in range(depth):
        last = level == depth - 1
        op = "f0" if last and circle else "Sin" if last else f"f{level + 1}"
        domain = "" if op == "Sin" else "own"
        nodes = [helper.make_node(op, ["a"], [f"b{i}"], domain=domain) for i in range(calls)]
        made = helper.make_function("own", f"f{level}", ["a"], ["b0"], nodes, opsets)
        net.functions.append(made)
    return net


def test_functions_that_multiply(tmp_path: Path) -> None:
    assert not offer(save(tmp_path / "d.onnx", functions(2, 3))).missing
    path = save(tmp_path / "d.onnx", functions(10, 12))
    assert "has 1,000,000,000,004 steps" in refusal(path)
    path = save(tmp_path / "d.onnx", functions(2, 3, circle=True))
    assert "functions that call each other without end" in refusal(path)
    path = save(tmp_path / "d.onnx", functions(1, 1, circle=True))
    assert "functions that call each other without end" in refusal(path)


def test_graphs_within_graphs(tmp_path: Path) -> None:
    graph = GraphProto(name="g")
    for _ in range(30):
        node = helper.make_node("If", ["c"], ["k"], then_branch=graph)
        graph = GraphProto(name="g", node=[node])
    net = plain()
    net.graph.node.extend(graph.node)
    assert "graphs within graphs, deeper than 12" in refusal(save(tmp_path / "x.onnx", net))


def test_messages_nested_beyond_all_measure(tmp_path: Path) -> None:
    content = b""
    for _ in range(3000):
        for tag in (b"\x32", b"\x2a", b"\x0a"):  # in an attribute, in its node, in a graph
            content = tag + varint(len(content)) + content
    path = written(tmp_path / "x.onnx", b"\x3a" + varint(len(content)) + content)
    assert "is no ONNX model, or is damaged" in refusal(path)


def varint(value: int) -> bytes:
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def test_names_that_would_break_a_sentence(tmp_path: Path) -> None:
    name = "a\nb\x1b[31m" + "long" * 50
    net = plain()
    weight(net).dims[:] = [3, 25]
    for node in net.graph.node:
        node.input[:] = [name if taken == "w" else taken for taken in node.input]
    weight(net).name = name
    assert "tensor “a�b�[31mlong" in refusal(save(tmp_path / "x.onnx", net))


def test_names_that_are_not_utf_8(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    content = encoder(["bbbb", 1, 6, 4], {"mean": weights(24, 3)}).SerializeToString()
    path = written(tmp_path / "x.onnx", content.replace(b"bbbb", b"\xff\xff\xff\xff"))
    assert "is refused by onnxruntime ('utf-8' codec" in refusal(path)
    content = bomb(helper.make_node("Nonsense", ["z"], ["big"])).SerializeToString()
    path = written(tmp_path / "x.onnx", content.replace(b"Nonsense", b"\xff" * 8))
    assert "is refused by onnxruntime ('utf-8' codec" in refusal(path)
    assert capfd.readouterr() == ("", "")


def test_how_it_runs_is_not_for_the_model_to_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    net = plain()
    helper.set_model_props(net, {"ort_config": '{"session_options": {"enable_profiling": 1}}'})
    path = save(tmp_path / "d.onnx", net)
    assert offer(path).latent_dim == 3
    monkeypatch.setenv("ORT_LOAD_CONFIG_FROM_MODEL", "1")
    assert "ORT_LOAD_CONFIG_FROM_MODEL" in refusal(path)


@pytest.mark.parametrize(
    ("takes", "gives", "reason"),
    [
        ({}, ["b", 3], "it takes 0 inputs (none)"),
        ({"a": ["b", 3], "c": ["b", 3]}, ["b", 3], "it takes 2 inputs (“a”, “c”)"),
        ({"a": []}, ["b", 3], "its input “a” is no array"),
        ({"a": ["b", 700, 5, 5]}, ["b", 3], "has the shape ? x 700 x 5 x 5, which is no picture's"),
    ],
)
def test_networks_that_are_neither(
    tmp_path: Path, takes: dict[str, Any], gives: list[Any], reason: str
) -> None:
    node = helper.make_node("Constant", [], ["y"], value=numpy_helper.from_array(OUT))
    path = save(tmp_path / "x.onnx", model([node], takes, {"y": gives}, {}))
    assert reason in offer(path).missing[0]


def test_texts_and_whole_numbers_are_no_latents(tmp_path: Path) -> None:
    node = helper.make_node("Identity", ["x"], ["y"])
    for dtype in (TensorProto.STRING, TensorProto.INT64):
        net = model([node], {"x": ["b", 3]}, {"y": ["b", 3]}, {}, dtype)
        assert (
            "is no array of floating-point numbers"
            in offer(save(tmp_path / "x.onnx", net)).missing[0]
        )
    cast = helper.make_node("Cast", ["x"], ["y"], to=TensorProto.INT64)
    net = model([cast], {"x": ["b", 3]}, {"y": ["b", 3]}, {}, made=TensorProto.INT64)
    assert "none of its outputs is of floating" in offer(save(tmp_path / "x.onnx", net)).missing[0]
