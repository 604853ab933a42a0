"""The files in protos/ declare exactly what the official Python clients do: nothing missing, nothing surplus.

Needs pytest, grpcio-tools, grpcio-health-checking, grpcio-reflection and tritonclient[grpc].
Comments, file names and file options may differ: they never reach the wire.
"""

import os
from pathlib import Path

import grpc_tools
import pytest
from google.protobuf import descriptor_pb2
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2
from grpc_tools import protoc
from tritonclient.grpc import model_config_pb2, service_pb2

# Another folder can be named, to see the test fail when it should.
PROTOS = Path(os.environ.get("PROTOS", Path(__file__).parents[2] / "protos"))
WELL_KNOWN = Path(grpc_tools.__file__).parent / "_proto"
FIELD = descriptor_pb2.FieldDescriptorProto

OFFICIAL = {
    "grpc_service.proto": service_pb2,
    "model_config.proto": model_config_pb2,
    "health.proto": health_pb2,
    "reflection_v1alpha.proto": reflection_pb2,
}

# tritonclient 2.73 needs protobuf 6; the health packages for protobuf 6 lack Health.List, so ours is held against this.
HEALTH_LIST = {
    ".grpc.health.v1.HealthListRequest": "message",
    ".grpc.health.v1.HealthListResponse": "message",
    ".grpc.health.v1.HealthListResponse.StatusesEntry": "message map_entry: true",
    ".grpc.health.v1.HealthListResponse.StatusesEntry.key": "optional string key = 1 json key",
    ".grpc.health.v1.HealthListResponse.StatusesEntry.value":
        "optional .grpc.health.v1.HealthCheckResponse value = 2 json value",
    ".grpc.health.v1.HealthListResponse.statuses":
        "repeated .grpc.health.v1.HealthListResponse.StatusesEntry statuses = 1 json statuses",
    ".grpc.health.v1.Health.List": "rpc .grpc.health.v1.HealthListRequest -> .grpc.health.v1.HealthListResponse",
}


def words(*parts):
    return " ".join(str(part) for part in parts if str(part)).replace("\n", " ").strip()


def json_name(name):
    """The JSON name that protoc gives a field; embedded descriptors leave it out when it is this one."""
    first, *rest = name.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in rest)


def describe_field(field, message):
    oneof = f"in oneof {message.oneof_decl[field.oneof_index].name}" if field.HasField("oneof_index") else ""
    return words(
        FIELD.Label.Name(field.label)[len("LABEL_"):].lower(),
        field.type_name or FIELD.Type.Name(field.type)[len("TYPE_"):].lower(),
        f"{field.name} = {field.number}",
        f"json {field.json_name or json_name(field.name)}",
        oneof,
        "with presence" if field.proto3_optional else "",
        f"default {field.default_value}" if field.default_value else "",
        field.options,
    )


def describe_enum(enum, prefix):
    facts = {f"{prefix}.{enum.name}": words("enum", enum.options)}
    for value in enum.value:
        facts[f"{prefix}.{enum.name}.{value.name}"] = words(f"value {value.number}", value.options)
    return facts


def describe_message(message, prefix):
    """One line for each thing the message declares, by its full name."""
    path = f"{prefix}.{message.name}"
    facts = {path: words("message", message.options, *message.reserved_name, *message.reserved_range)}
    facts |= {f"{path}.{field.name}": describe_field(field, message) for field in message.field}
    facts |= {f"{path}.{oneof.name}": words("oneof", oneof.options) for oneof in message.oneof_decl}
    for enum in message.enum_type:
        facts |= describe_enum(enum, path)
    for nested in message.nested_type:
        facts |= describe_message(nested, path)
    return facts


def describe_service(service, prefix):
    facts = {f"{prefix}.{service.name}": words("service", service.options)}
    for rpc in service.method:
        facts[f"{prefix}.{service.name}.{rpc.name}"] = words(
            "rpc", "stream" if rpc.client_streaming else "", rpc.input_type,
            "->", "stream" if rpc.server_streaming else "", rpc.output_type, rpc.options)
    return facts


def describe(file):
    prefix = f".{file.package}"
    facts = {"file": f"{file.syntax} {file.package} imports {[*file.dependency]} {[*file.public_dependency]}"}
    for message in file.message_type:
        facts |= describe_message(message, prefix)
    for enum in file.enum_type:
        facts |= describe_enum(enum, prefix)
    for service in file.service:
        facts |= describe_service(service, prefix)
    assert not file.extension, f"{file.name} declares extensions, which this test does not compare"
    return facts


@pytest.fixture(scope="session")
def ours(tmp_path_factory):
    out = tmp_path_factory.mktemp("protos") / "set.bin"
    names = sorted(path.name for path in PROTOS.glob("*.proto"))
    code = protoc.main(["protoc", f"-I{PROTOS}", f"-I{WELL_KNOWN}", f"--descriptor_set_out={out}", *names])
    assert code == 0, f"protoc refused the files in {PROTOS}; its message is above"
    return {file.name: file for file in descriptor_pb2.FileDescriptorSet.FromString(out.read_bytes()).file}


def assert_same(ours, official):
    """Same things, same descriptions, declared in the same order."""
    problems = [f"missing: {path}: {fact}" for path, fact in official.items() if path not in ours]
    problems += [f"surplus: {path}: {fact}" for path, fact in ours.items() if path not in official]
    problems += [f"differs: {path}\n    ours:     {ours[path]}\n    official: {official[path]}"
                 for path in official if path in ours and ours[path] != official[path]]
    problems = problems or [f"order: {mine} stands where the official file has {theirs}"
                            for mine, theirs in zip(ours, official) if mine != theirs][:1]
    assert not problems, "\n" + "\n".join(problems)


@pytest.mark.parametrize("name", OFFICIAL)
def test_says_what_the_official_client_says(ours, name):
    official = descriptor_pb2.FileDescriptorProto()
    OFFICIAL[name].DESCRIPTOR.CopyToProto(official)
    mine, theirs = describe(ours[name]), describe(official)
    if name == "health.proto" and not HEALTH_LIST.keys() & theirs.keys():
        assert_same({path: mine.pop(path, "missing") for path in HEALTH_LIST}, HEALTH_LIST)
    assert_same(mine, theirs)


def test_reflection_v1_is_v1alpha_under_another_package(ours):
    def without_package(name, package):
        return {path.replace(package, ".reflection"): fact.replace(package, ".reflection")
                for path, fact in describe(ours[name]).items()}
    assert_same(without_package("reflection_v1.proto", ".reflection.v1"),
                without_package("reflection_v1alpha.proto", ".reflection.v1alpha"))


def test_no_file_is_left_out(ours):
    assert ours.keys() == {*OFFICIAL, "reflection_v1.proto"}
