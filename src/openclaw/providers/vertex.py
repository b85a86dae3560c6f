"""Gemini through Google Cloud Vertex AI; tokens come from the machine's Google credentials (extra `vertex`)."""

from openclaw.dialects.embeddings import VertexEmbeddings
from openclaw.dialects.gemini import Gemini
from openclaw.providers.provider import ProviderKind, Setting

KIND = ProviderKind(
    name="vertex",
    title="Google Vertex AI",
    base_url="https://{location}-aiplatform.googleapis.com/v1/projects/{project}/locations/{location}/publishers/google",
    # The global endpoint has a host of its own: https://cloud.google.com/vertex-ai/generative-ai/docs/learn/locations
    base_url_when={
        (
            "location",
            "global",
        ): "https://aiplatform.googleapis.com/v1/projects/{project}/locations/global/publishers/google"
    },
    codec=Gemini(),
    embeddings=VertexEmbeddings(),
    auth="google",
    settings={
        "project": Setting(env=("GOOGLE_VERTEX_PROJECT", "GOOGLE_CLOUD_PROJECT")),
        "location": Setting(env=("GOOGLE_VERTEX_LOCATION", "GOOGLE_CLOUD_LOCATION"), default="us-central1"),
    },
    catalog="google-vertex",
    price_id="google",
)
