"""grpc.health.v1 and server reflection, by the clients that gRPC publishes."""

import grpc
import pytest
from google.protobuf import descriptor_pb2
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from tritonclient.grpc import model_config_pb2, service_pb2

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


def health(address):
    return health_pb2_grpc.HealthStub(grpc.insecure_channel(address))


@pytest.mark.parametrize("service", ["", "inference.GRPCInferenceService", "whatever"])
def test_check_whatever_the_service(samples, broken, service):
    request = health_pb2.HealthCheckRequest(service=service)
    assert health(samples.address).Check(request, timeout=10).status == SERVING
    assert health(broken.address).Check(request, timeout=10).status == NOT_SERVING


@pytest.mark.parametrize("service", ["", "inference.GRPCInferenceService"])
def test_watch_tells_the_status_at_once(samples, broken, service):
    request = health_pb2.HealthCheckRequest(service=service)
    for address, status in [(samples.address, SERVING), (broken.address, NOT_SERVING)]:
        watch = health(address).Watch(request, timeout=20)
        assert next(watch).status == status
        watch.cancel()


def test_many_watches_come_and_go(samples):
    stub = health(samples.address)
    for _ in range(100):
        watch = stub.Watch(health_pb2.HealthCheckRequest(), timeout=20)
        assert next(watch).status == SERVING
        watch.cancel()
    assert stub.Check(health_pb2.HealthCheckRequest(), timeout=10).status == SERVING


@pytest.fixture
def database(channel):
    return ProtoReflectionDescriptorDatabase(channel)


def test_reflection_lists_the_services(database):
    assert {"inference.GRPCInferenceService", "grpc.health.v1.Health"} <= set(database.get_services())


@pytest.mark.parametrize("official", [service_pb2, model_config_pb2])
def test_reflection_describes_the_messages_of_the_official_client(database, official):
    pool = DescriptorPool(database)
    for name, ours in official.DESCRIPTOR.message_types_by_name.items():
        told = pool.FindMessageTypeByName(f"inference.{name}")
        assert [(field.name, field.number, field.type) for field in told.fields] == [
            (field.name, field.number, field.type) for field in ours.fields]


def test_reflection_names_the_methods(database):
    service = DescriptorPool(database).FindServiceByName("inference.GRPCInferenceService")
    official = service_pb2.DESCRIPTOR.services_by_name["GRPCInferenceService"]
    assert [method.full_name for method in service.methods] == [method.full_name for method in official.methods]
    infer = service.FindMethodByName("ModelStreamInfer")
    assert (infer.client_streaming, infer.server_streaming) == (True, True)


def test_a_call_with_messages_known_by_reflection_alone(database, channel):
    pool = DescriptorPool(database)
    request = GetMessageClass(pool.FindMessageTypeByName("inference.ModelReadyRequest"))
    response = GetMessageClass(pool.FindMessageTypeByName("inference.ModelReadyResponse"))
    call = channel.unary_unary("/inference.GRPCInferenceService/ModelReady",
                               request_serializer=request.SerializeToString, response_deserializer=response.FromString)
    assert call(request(name="add_sub"), timeout=10).ready


def test_reflection_of_files_and_of_what_is_not_there(database):
    for symbol in ["inference.ModelConfig", "inference.GRPCInferenceService.ModelInfer", "grpc.health.v1.Health"]:
        found = database.FindFileContainingSymbol(symbol)
        assert isinstance(found, descriptor_pb2.FileDescriptorProto)
        assert database.FindFileByName(found.name) == found
    with pytest.raises(KeyError):
        database.FindFileByName("no/such/file.proto")
    with pytest.raises(KeyError):
        database.FindFileContainingSymbol("no.such.Symbol")
