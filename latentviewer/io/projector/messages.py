"""The message type of `projector_config.pbtxt`, made when it is first needed.

message ProjectorConfig {
  string model_checkpoint_path = 1;
  repeated EmbeddingInfo embeddings = 2;
  string model_checkpoint_dir = 3;
}
message EmbeddingInfo {
  string tensor_name = 1;
  string metadata_path = 2;
  string bookmarks_path = 3;
  repeated uint32 tensor_shape = 4;
  SpriteMetadata sprite = 5;
  string tensor_path = 6;
}
message SpriteMetadata {
  string image_path = 1;
  repeated uint32 single_image_dim = 2;
}
"""

from functools import cache
from typing import Any

# protobuf is imported where it is used: it must not be on the way to the first window.

_PACKAGE = "latentviewer.projector"
_FIELDS = {
    "SpriteMetadata": ("image_path: string", "single_image_dim: uint32*"),
    "EmbeddingInfo": (
        "tensor_name: string",
        "metadata_path: string",
        "bookmarks_path: string",
        "tensor_shape: uint32*",
        "sprite: SpriteMetadata",
        "tensor_path: string",
    ),
    "ProjectorConfig": (
        "model_checkpoint_path: string",
        "embeddings: EmbeddingInfo*",
        "model_checkpoint_dir: string",
    ),
}
"""Each message's fields, numbered from 1; a star stands for `repeated`."""


def parsed(text: str) -> Any:
    """A `ProjectorConfig` from protobuf text; fields that it does not know are passed over.

    Raises:
        ValueError: the text is not of that format, or nested beyond all measure.
    """
    from google.protobuf import text_format

    try:
        return text_format.Parse(text, _config_type()(), allow_unknown_field=True)
    except text_format.ParseError as error:
        raise ValueError(str(error)) from error
    except RecursionError as error:
        raise ValueError("its messages are nested too deeply") from error


def printed(config: Any) -> str:
    """A `ProjectorConfig` as protobuf text."""
    from google.protobuf import text_format

    return str(text_format.MessageToString(config, as_utf8=True))


def new_config() -> Any:
    """An empty `ProjectorConfig`."""
    return _config_type()()


@cache
def _config_type() -> Any:
    from google.protobuf import (
        descriptor_pb2,
        descriptor_pool,
        message_factory,
    )

    file = descriptor_pb2.FileDescriptorProto(
        name="latentviewer/projector_config.proto", package=_PACKAGE, syntax="proto3"
    )
    of_field = descriptor_pb2.FieldDescriptorProto
    plain = {"string": of_field.TYPE_STRING, "uint32": of_field.TYPE_UINT32}
    for message, fields in _FIELDS.items():
        made = file.message_type.add(name=message)
        for number, (name, kind) in enumerate((f.split(": ") for f in fields), start=1):
            field = made.field.add(name=name, number=number)
            field.label = of_field.LABEL_REPEATED if kind.endswith("*") else of_field.LABEL_OPTIONAL
            kind = kind.removesuffix("*")
            field.type = plain.get(kind, of_field.TYPE_MESSAGE)
            if kind not in plain:
                field.type_name = f".{_PACKAGE}.{kind}"
    # A pool of its own, so that it cannot meet TensorBoard's where both are loaded.
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    found = pool.FindMessageTypeByName(f"{_PACKAGE}.ProjectorConfig")
    return message_factory.GetMessageClass(found)
