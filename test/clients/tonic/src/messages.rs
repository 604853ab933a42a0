//! The messages that the cases need, by the numbers of the protocol's fields.

#[derive(Clone, PartialEq, prost::Message)]
pub struct InferInput {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(string, tag = "2")]
    pub datatype: String,
    #[prost(int64, repeated, tag = "3")]
    pub shape: Vec<i64>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct InferRequest {
    #[prost(string, tag = "1")]
    pub model_name: String,
    #[prost(string, tag = "3")]
    pub id: String,
    #[prost(message, repeated, tag = "5")]
    pub inputs: Vec<InferInput>,
    #[prost(bytes = "vec", repeated, tag = "7")]
    pub raw_input_contents: Vec<Vec<u8>>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct InferResponse {
    #[prost(string, tag = "1")]
    pub model_name: String,
    #[prost(string, tag = "3")]
    pub id: String,
    #[prost(bytes = "vec", repeated, tag = "6")]
    pub raw_output_contents: Vec<Vec<u8>>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct StreamResponse {
    #[prost(string, tag = "1")]
    pub error_message: String,
    #[prost(message, optional, tag = "2")]
    pub infer_response: Option<InferResponse>,
}

/// A request for `identity_uint8` whose one output is `bytes` again.
pub fn echo(id: usize, bytes: Vec<u8>) -> InferRequest {
    InferRequest {
        model_name: "identity_uint8".into(),
        id: id.to_string(),
        inputs: vec![InferInput {
            name: "INPUT0".into(),
            datatype: "UINT8".into(),
            shape: vec![1, bytes.len() as i64],
        }],
        raw_input_contents: vec![bytes],
    }
}
