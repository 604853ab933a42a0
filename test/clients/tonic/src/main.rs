//! Calls an inference server with tonic: `nereid-tonic-client CASE URL [CA.pem]`. One case per run; it ends
//! with an error when an answer is not what it must be.

mod messages;

use http::uri::PathAndQuery;
use messages::{InferRequest, InferResponse, StreamResponse, echo};
use std::{env, error::Error, fs, time::Duration};
use tokio::task::JoinSet;
use tonic::codec::CompressionEncoding::Gzip;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};
use tonic::{Code, Request, Status, client::Grpc};
use tonic_prost::ProstCodec;

type Outcome = Result<(), Box<dyn Error>>;

const MIB: usize = 1 << 20;
const INFER: PathAndQuery = PathAndQuery::from_static("/inference.GRPCInferenceService/ModelInfer");
const STREAM: PathAndQuery = PathAndQuery::from_static("/inference.GRPCInferenceService/ModelStreamInfer");
const UNKNOWN: PathAndQuery = PathAndQuery::from_static("/inference.GRPCInferenceService/Nothing");

async fn connect(url: &str, ca: Option<&String>) -> Result<Grpc<Channel>, Box<dyn Error>> {
    let mut endpoint = Endpoint::from_shared(url.to_string())?;
    if let Some(file) = ca {
        let trusted = Certificate::from_pem(fs::read(file)?);
        endpoint = endpoint.tls_config(ClientTlsConfig::new().ca_certificate(trusted).domain_name("localhost"))?;
    }
    Ok(Grpc::new(endpoint.connect().await?).max_decoding_message_size(256 * MIB))
}

async fn call(client: &mut Grpc<Channel>, path: PathAndQuery, request: Request<InferRequest>) -> Result<InferResponse, Status> {
    client.ready().await.map_err(|error| Status::unknown(error.to_string()))?;
    let codec: ProstCodec<InferRequest, InferResponse> = ProstCodec::default();
    Ok(client.unary(request, path, codec).await?.into_inner())
}

/// Sends bytes, all of them the low byte of `id`, and has them back.
async fn echoed(mut client: Grpc<Channel>, id: usize, size: usize) -> Result<(), String> {
    let bytes = vec![id as u8; size];
    let request = Request::new(echo(id, bytes.clone()));
    let answer = call(&mut client, INFER, request).await.map_err(|status| status.to_string())?;
    if answer.id == id.to_string() && answer.raw_output_contents == [bytes] { Ok(()) } else { Err(format!("another answer to {id}")) }
}

async fn many_at_once(client: Grpc<Channel>) -> Outcome {
    let mut calls = JoinSet::new();
    for id in 0..500 {
        calls.spawn(echoed(client.clone(), id, 1 + id * 7));
    }
    while let Some(ended) = calls.join_next().await {
        ended??;
    }
    Ok(())
}

async fn stream(mut client: Grpc<Channel>) -> Outcome {
    client.ready().await?;
    let requests = tokio_stream::iter((0..500).map(|id| echo(id, vec![id as u8; 1 + id * 64])));
    let codec: ProstCodec<InferRequest, StreamResponse> = ProstCodec::default();
    let mut answers = client.streaming(Request::new(requests), STREAM, codec).await?.into_inner();
    for id in 0..500 {
        let answer = answers.message().await?.ok_or("the stream ended early")?;
        let response = answer.infer_response.ok_or("no response")?;
        assert_eq!((answer.error_message.as_str(), response.id), ("", id.to_string()));
        assert_eq!(response.raw_output_contents, [vec![id as u8; 1 + id * 64]]);
    }
    assert_eq!(answers.message().await?, None);
    Ok(())
}

async fn errors(mut client: Grpc<Channel>) -> Outcome {
    let mut request = echo(0, vec![1]);
    request.model_name = "nothing \u{1f600}".into();
    let status = call(&mut client, INFER, Request::new(request)).await.expect_err("no such model");
    assert_eq!(status.code(), Code::NotFound);
    assert_eq!(status.message(), "Request for unknown model: 'nothing \u{1f600}' is not found");
    let status = call(&mut client, UNKNOWN, Request::new(echo(0, vec![1]))).await.expect_err("no such method");
    assert_eq!(status.code(), Code::Unimplemented);
    Ok(())
}

async fn deadlines(mut client: Grpc<Channel>) -> Outcome {
    for id in 0..200 {
        let mut request = Request::new(echo(id, vec![0; MIB]));
        request.set_timeout(Duration::from_micros(500));
        if let Err(status) = call(&mut client, INFER, request).await {
            let expired = matches!(status.code(), Code::DeadlineExceeded | Code::Cancelled);
            assert!(expired, "{status}");
        }
    }
    Ok(echoed(client, 1, 1000).await?)
}

#[tokio::main]
async fn main() -> Outcome {
    let given: Vec<String> = env::args().collect();
    let client = connect(&given[2], given.get(3)).await?;
    match given[1].as_str() {
        "many_at_once" => many_at_once(client).await,
        "stream" => stream(client).await,
        "errors" => errors(client).await,
        "deadlines" => deadlines(client).await,
        "large" => Ok(echoed(client, 7, 64 * MIB).await?),
        "gzip" => Ok(echoed(client.send_compressed(Gzip).accept_compressed(Gzip), 7, 4 * MIB).await?),
        other => Err(format!("there is no case {other}").into()),
    }
}
